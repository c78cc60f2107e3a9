import type { PersonData } from '@tradewind/contracts/privacy'
import type { Account } from '../domain/account.ts'
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

type Items = PersonData['items']

const sessionsAtMost = 1000
const keysAtMost = 1000
const entriesAtOnce = 100
/** What the log says of the person, then what it says that the person did to others. */
const place = /^(subject|actor)\/(?:([^/]+)\/(aud_[0-9a-f]{32}))?$/

/** Everything of an account but what would open it. */
function itemsOf(account: Account): Items {
  const {
    passwordHash: _hash,
    totp,
    recoveryCodes = [],
    passkeys = [],
    identities = [],
    letters = [],
    ...known
  } = account
  return [
    {
      kind: 'account',
      data: { ...known, codeGeneratorSince: totp?.activeFrom ?? null, recoveryCodesLeft: recoveryCodes.length },
    },
    // What a device keeps secret is not here; all that is known of it is public.
    ...passkeys.map((passkey) => ({ kind: 'passkey', data: { ...passkey } })),
    ...identities.map((identity) => ({ kind: 'identity', data: { ...identity } })),
    ...letters.map(({ nonce: _nonce, keyId: _key, ...letter }) => ({ kind: 'letter', data: { ...letter } })),
  ]
}

/** What auth knows of a person: the account, sessions and keys without their secrets, then what the audit log says. */
export const makeReadOwnData = ({ accounts, sessions, apiKeys, auditLog, now }: Ports): AskForPerson => {
  async function possessions(userId: string): Promise<Items> {
    const [account, open, keys] = await Promise.all([
      accounts.find(userId),
      sessions.list({ userId, now: now(), before: undefined, limit: sessionsAtMost }),
      apiKeys.list(userId, now(), keysAtMost),
    ])
    return [
      ...(account === undefined ? [] : itemsOf(account)),
      ...open.map(({ tokenHash: _token, exchangedHashes: _past, ...session }) => ({
        kind: 'session',
        data: { ...session },
      })),
      ...keys.map(({ keyHash: _key, ...key }) => ({ kind: 'api-key', data: { ...key } })),
    ]
  }

  return async (userId, after) => {
    const [, as = 'subject', at, id] = place.exec(after ?? '') ?? []
    const from: AuditPlace | undefined = at === undefined || id === undefined ? undefined : [at, id]
    const isSubject = as === 'subject'
    const whose = isSubject ? { actor: undefined, subject: userId } : { actor: userId, subject: undefined }
    const found = await auditLog.page({
      ...whose,
      action: undefined,
      from: undefined,
      to: undefined,
      after: from,
      limit: entriesAtOnce,
    })
    const page = found.slice(0, entriesAtOnce)
    const entries = page
      // What somebody did to himself is among what is said of him.
      .filter(({ subject }) => isSubject || subject !== userId)
      .map(({ seal: _seal, ...entry }) => ({ kind: 'audit', data: { ...entry } }))
    const last = page.at(-1)
    const hasMore = found.length > entriesAtOnce && last !== undefined
    const next = hasMore ? `${as}/${last.at.toISOString()}/${last.id}` : isSubject ? 'actor/' : null
    return { items: [...(after === undefined ? await possessions(userId) : []), ...entries], next }
  }
}
