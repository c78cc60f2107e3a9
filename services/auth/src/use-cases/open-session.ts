import type { AccessTokens } from '../crypto/access-tokens.ts'
import type { RefreshTokens } from '../crypto/refresh-tokens.ts'
import { type Account, accessVersionOf } from '../domain/account.ts'
import { type Authentication, rolesFor } from '../domain/authentication.ts'
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

export interface SessionOptions {
  /** How somebody showed who he is; missing when an app signs somebody in. */
  readonly authentication?: Authentication
  /** Set when an app signs somebody in; it narrows what it gets. */
  readonly app?: AppGrant
  /** New unless somebody knew it before. */
  readonly sessionId?: string
}

export type OpenSession = (account: Account, device: Device, options: SessionOptions) => Promise<TokenPair>

interface Ports {
  readonly sessions: SessionRepository
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly lifetime: SessionLifetime
  /** True when staff are nobody special until they showed a second factor. */
  readonly staffNeedsMfa: boolean
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeOpenSession =
  ({ sessions, accessTokens, refreshTokens, lifetime, staffNeedsMfa, now, newId }: Ports): OpenSession =>
  async (account, device, { authentication, app, sessionId: newSessionId = newId('ses') }) => {
    const { id: userId } = account
    const roles = rolesFor(account.roles, authentication, staffNeedsMfa)
    const shown = authentication === undefined ? {} : { authentication }
    const { sessionId, hash, token } = refreshTokens.create(newSessionId)
    await sessions.insert(
      startSession({ id: sessionId, userId, tokenHash: hash, device, ...shown, ...(app && { app }) }, lifetime, now()),
    )
    const accessVersion = accessVersionOf(account)
    const narrowed = app === undefined ? {} : { scope: app.scopes, clientId: app.clientId }
    const accessToken = accessTokens.issue({ userId, sessionId, roles, accessVersion, ...shown, ...narrowed })
    return { accessToken, refreshToken: token, tokenType: 'Bearer', expiresIn: accessTokens.lifetimeSeconds }
  }
