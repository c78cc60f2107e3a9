import type { AccessTokens } from '../crypto/access-tokens.ts'
import type { RefreshTokens } from '../crypto/refresh-tokens.ts'
import { type Account, accessVersionOf } from '../domain/account.ts'
import { type AppGrant, type Device, type SessionLifetime, startSession } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'

/** What a client holds of a session. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly tokenType: 'Bearer'
  /** Seconds until the access token expires. */
  readonly expiresIn: number
}

/** `sessionId` is new unless somebody knew it before; `app` is set when an app signs somebody in, and narrows what it gets. */
export type OpenSession = (account: Account, device: Device, app?: AppGrant, sessionId?: string) => Promise<TokenPair>

interface Ports {
  readonly sessions: SessionRepository
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly lifetime: SessionLifetime
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeOpenSession =
  ({ sessions, accessTokens, refreshTokens, lifetime, now, newId }: Ports): OpenSession =>
  async (account, device, app, newSessionId = newId('ses')) => {
    const { id: userId, roles } = account
    const { sessionId, hash, token } = refreshTokens.create(newSessionId)
    await sessions.insert(
      startSession({ id: sessionId, userId, tokenHash: hash, device, ...(app && { app }) }, lifetime, now()),
    )
    const accessVersion = accessVersionOf(account)
    const narrowed = app === undefined ? {} : { scope: app.scopes, clientId: app.clientId }
    const accessToken = await accessTokens.issue({ userId, sessionId, roles, accessVersion, ...narrowed })
    return { accessToken, refreshToken: token, tokenType: 'Bearer', expiresIn: accessTokens.lifetimeSeconds }
  }
