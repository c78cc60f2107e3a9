import type { AccessTokens } from '../crypto/access-tokens.ts'
import type { RefreshTokens } from '../crypto/refresh-tokens.ts'
import type { Account } from '../domain/account.ts'
import { startSession } from '../domain/session.ts'
import type { SessionRepository } from '../store/session.repository.ts'

/** What a client holds of a session. */
export interface TokenPair {
  readonly accessToken: string
  readonly refreshToken: string
  readonly tokenType: 'Bearer'
  /** Seconds until the access token expires. */
  readonly expiresIn: number
}

export type OpenSession = (account: Account) => Promise<TokenPair>

interface Ports {
  readonly sessions: SessionRepository
  readonly accessTokens: AccessTokens
  readonly refreshTokens: RefreshTokens
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeOpenSession =
  ({ sessions, accessTokens, refreshTokens, now, newId }: Ports): OpenSession =>
  async ({ id: userId, roles }) => {
    const { sessionId, hash, token } = refreshTokens.create(newId('ses'))
    await sessions.insert(startSession(sessionId, userId, hash, now()))
    const accessToken = await accessTokens.issue({ userId, sessionId, roles })
    return { accessToken, refreshToken: token, tokenType: 'Bearer', expiresIn: accessTokens.lifetimeSeconds }
  }
