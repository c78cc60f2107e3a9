import { defineError } from '@tradewind/service-kit/errors'

export type RevocationReason = 'logout' | 'reuse' | 'password_changed'

/** One sign-in: the chain of refresh tokens that were exchanged for each other, of which only the last is good. */
export interface Session {
  readonly id: string
  readonly userId: string
  /** SHA-256 of the refresh token that is good now. */
  readonly tokenHash: string
  /** SHA-256 of those exchanged before, latest last. Whoever shows one has copied it, or was copied. */
  readonly exchangedHashes: readonly string[]
  readonly expiresAt: Date
  readonly revokedAt?: Date
  readonly revokedBecause?: RevocationReason
}

export const InvalidRefreshToken = defineError(
  'AUTH_INVALID_REFRESH_TOKEN',
  'unauthenticated',
  'The refresh token is not valid any more. Sign in again.',
)

export const sessionLifetimeMs = 30 * 24 * 3600 * 1000
/** Older exchanged tokens are refused like unknown ones, without ending the session. */
export const maxExchangedHashes = 100

export const startSession = (id: string, userId: string, tokenHash: string, now: Date): Session => ({
  id,
  userId,
  tokenHash,
  exchangedHashes: [],
  expiresAt: new Date(now.getTime() + sessionLifetimeMs),
})

/** Ends a session. Returns the same object when it has ended already. */
export const revokeSession = (session: Session, reason: RevocationReason, now: Date): Session =>
  session.revokedAt === undefined ? { ...session, revokedAt: now, revokedBecause: reason } : session

export type Exchange =
  | { readonly kind: 'exchanged'; readonly session: Session }
  /** The token was exchanged before: two parties hold it, so nobody keeps the session (RFC 9700, 4.14.2). */
  | { readonly kind: 'reused'; readonly session: Session }
  | { readonly kind: 'refused' }

/** Exchanges the good refresh token for the next. Total; the session in the answer is what to save. */
export function exchangeToken(session: Session, shownHash: string, nextHash: string, now: Date): Exchange {
  if (session.revokedAt !== undefined || session.expiresAt <= now) return { kind: 'refused' }
  if (shownHash === session.tokenHash) {
    const exchangedHashes = [...session.exchangedHashes, shownHash].slice(-maxExchangedHashes)
    return { kind: 'exchanged', session: { ...session, tokenHash: nextHash, exchangedHashes } }
  }
  if (session.exchangedHashes.includes(shownHash))
    return { kind: 'reused', session: revokeSession(session, 'reuse', now) }
  return { kind: 'refused' }
}

/** True when the hash belongs to a token that this session ever had and remembers. */
export const knowsToken = (session: Session, shownHash: string): boolean =>
  shownHash === session.tokenHash || session.exchangedHashes.includes(shownHash)
