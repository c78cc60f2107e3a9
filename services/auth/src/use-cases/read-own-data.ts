import type { PersonData } from '@tradewind/contracts/privacy'
import type { AccountRepository } from '../store/account.repository.ts'
import type { ApiKeyRepository } from '../store/api-key.repository.ts'
import type { AuditPlace, AuditRepository } from '../store/audit.repository.ts'
import type { SessionRepository } from '../store/session.repository.ts'
import type { AskForPerson } from './export-person.ts'

interface Ports {
  readonly accounts: AccountRepository
  readonly sessions: SessionRepository
  readonly apiKeys: ApiKeyRepository
  readonly auditLog: AuditRepository
  readonly now: () => Date
}

const sessionsAtMost = 1000
const keysAtMost = 1000
const entriesAtOnce = 100
const place = /^([^/]+)\/(aud_[0-9a-f]{32})$/

/** What auth knows of a person: the account, sessions and keys without their secrets, then what the audit log says. */
export const makeReadOwnData =
  ({ accounts, sessions, apiKeys, auditLog, now }: Ports): AskForPerson =>
  async (userId, after) => {
    const items: PersonData['items'] = after === undefined ? await possessions(userId) : []
    const [, at, id] = place.exec(after ?? '') ?? []
    const from: AuditPlace | undefined = at === undefined || id === undefined ? undefined : [at, id]
    const filter = { actor: undefined, subject: userId, action: undefined, from: undefined, to: undefined }
    const found = await auditLog.page({ ...filter, after: from, limit: entriesAtOnce })
    const page = found.slice(0, entriesAtOnce)
    items.push(...page.map(({ seal: _seal, ...entry }) => ({ kind: 'audit', data: { ...entry } })))
    const last = page.at(-1)
    return { items, next: found.length > entriesAtOnce && last ? `${last.at.toISOString()}/${last.id}` : null }

    async function possessions(ownerId: string): Promise<PersonData['items']> {
      const [account, open, keys] = await Promise.all([
        accounts.find(ownerId),
        sessions.list({ userId: ownerId, now: now(), before: undefined, limit: sessionsAtMost }),
        apiKeys.list(ownerId, now(), keysAtMost),
      ])
      const { passwordHash: _hash, ...known } = account ?? {}
      return [
        { kind: 'account', data: { ...known } },
        ...open.map(({ tokenHash: _token, exchangedHashes: _past, ...session }) => ({
          kind: 'session',
          data: { ...session },
        })),
        ...keys.map(({ keyHash: _key, ...key }) => ({ kind: 'api-key', data: { ...key } })),
      ]
    }
  }
