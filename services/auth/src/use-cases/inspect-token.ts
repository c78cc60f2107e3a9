import type { IssuedTokens, TokenClaims } from '../crypto/issued-tokens.ts'
import type { RefreshTokens } from '../crypto/refresh-tokens.ts'
import { accessVersionOf } from '../domain/account.ts'
import { isActive } from '../domain/account-changes.ts'
import { isKeyGood } from '../domain/api-key.ts'
import type { Client } from '../domain/client.ts'
import { UnauthorizedClient } from '../domain/oauth-errors.ts'
import { isGood, knowsToken, type Session } from '../domain/session.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { ApiKeyRepository } from '../store/api-key.repository.ts'
import type { ClientRepository } from '../store/client.repository.ts'
import type { SessionRepository } from '../store/session.repository.ts'
import type { Origin } from './guard-sign-in.ts'
import type { Audit } from './record-audit.ts'
import type { RevokeSession } from './revoke-sessions.ts'

export interface InspectedToken {
  readonly subject: string
  readonly clientId: string | undefined
  readonly scope: readonly string[] | undefined
  readonly tokenType: 'Bearer' | undefined
  readonly expiresAt: Date
  readonly issuedAt: Date | undefined
}

/** What a token is worth now; undefined for nothing. */
export type InspectToken = (client: Client, token: string) => Promise<InspectedToken | undefined>
/** Ends what a token belongs to, when it belongs to the client; nothing otherwise, so nothing can be probed. */
export type RevokeToken = (client: Client, token: string, origin: Origin) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly apiKeys: ApiKeyRepository
  readonly clients: ClientRepository
  readonly sessions: SessionRepository
  readonly refreshTokens: RefreshTokens
  readonly issuedTokens: IssuedTokens
  readonly revoke: RevokeSession
  readonly audit: Audit
  readonly now: () => Date
}

/** Asks the facts themselves, so the answer is right at once. Throws `UnauthorizedClient` for apps. */
export const makeInspectToken = ({
  accounts,
  apiKeys,
  clients,
  sessions,
  refreshTokens,
  issuedTokens,
  now,
}: Ports): InspectToken => {
  /** Whether that still stands which the token was given for. */
  async function stands({ userId, sessionId, accessVersion }: TokenClaims): Promise<boolean> {
    if (sessionId.startsWith('cli_')) {
      const client = await clients.find(sessionId)
      return client?.active === true && client.accessVersion === accessVersion
    }
    const account = await accounts.find(userId)
    if (account === undefined || !isActive(account) || accessVersionOf(account) !== accessVersion) return false
    if (sessionId.startsWith('apk_')) {
      const key = await apiKeys.find(sessionId)
      return key !== undefined && isKeyGood(key, now())
    }
    const session = await sessions.find(sessionId)
    return session !== undefined && isGood(session, now())
  }

  async function refreshTokenOf(token: string): Promise<Session | undefined> {
    const shown = refreshTokens.parse(token)
    const session = shown && (await sessions.find(shown.sessionId))
    return session?.tokenHash === shown?.hash ? session : undefined
  }

  return async (client, token) => {
    if (client.kind !== 'machine') throw UnauthorizedClient()
    const session = await refreshTokenOf(token)
    if (session !== undefined) {
      if (!isGood(session, now())) return undefined
      const { userId: subject, app, expiresAt, idleUntil = expiresAt } = session
      const of = { clientId: app?.clientId, scope: app?.scopes }
      return { subject, ...of, tokenType: undefined, expiresAt: idleUntil, issuedAt: undefined }
    }
    const claims = await issuedTokens.read(token)
    if (claims === undefined || !(await stands(claims))) return undefined
    const { userId: subject, clientId, scope, expiresAt, issuedAt } = claims
    return { subject, clientId, scope, tokenType: 'Bearer', expiresAt, issuedAt }
  }
}

export const makeRevokeToken =
  ({ sessions, refreshTokens, issuedTokens, revoke, audit }: Ports): RevokeToken =>
  async (client, token, origin) => {
    const shown = refreshTokens.parse(token)
    const sessionId = shown?.sessionId ?? (await issuedTokens.read(token))?.sessionId
    const session = sessionId === undefined ? undefined : await sessions.find(sessionId)
    if (session === undefined || session.app?.clientId !== client.id) return
    if (shown !== undefined && !knowsToken(session, shown.hash)) return
    await revoke(session.id, 'logout')
    const actor = { kind: 'client', id: client.id } as const
    await audit.record({
      action: 'session.revoked',
      actor,
      subject: session.userId,
      origin,
      detail: { sessionId: session.id },
    })
  }
