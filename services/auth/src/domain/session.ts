import { defineError } from '@tradewind/service-kit/errors'
import type { Authentication } from './authentication.ts'

export type RevocationReason = 'logout' | 'reuse' | 'password_changed'

/** Where a session is used from, as far as that can be told. */
export interface Device {
  /** What the client says of itself. */
  readonly userAgent?: string
  readonly address?: string
}

/** For how long a session is good. */
export interface SessionLifetime {
  /** From signing in, whatever happens. */
  readonly absoluteMs: number
  /** From when it was used last. */
  readonly idleMs: number
}

/** What an app was given that signed somebody in. */
export interface AppGrant {
  readonly clientId: string
  readonly scopes: readonly string[]
}

/** One sign-in: the chain of refresh tokens that were exchanged for each other, of which only the last is good. */
export interface Session {
  readonly id: string
  readonly userId: string
  /** SHA-256 of the refresh token that is good now. */
  readonly tokenHash: string
  /** SHA-256 of those exchanged before, latest last. Whoever shows one has copied it, or was copied. */
  readonly exchangedHashes: readonly string[]
  /** When the latest of them was exchanged. */
  readonly exchangedAt?: Date
  readonly expiresAt: Date
  /** When it ends unless it is used; missing for sessions that are older than this rule. */
  readonly idleUntil?: Date
  readonly lastSeenAt?: Date
  /** Missing for sessions that are older than this field. */
  readonly startedAt?: Date
  /** When and how its owner last showed who he is; missing for one that an app opened. */
  readonly authentication?: Authentication
  readonly device?: Device
  /** Set for a session that an app opened; missing for one of somebody who signed in. */
  readonly app?: AppGrant
  readonly revokedAt?: Date
  readonly revokedBecause?: RevocationReason
  /** When nobody will want to know of it any more. */
  readonly purgeAt?: Date
}

export const InvalidRefreshToken = defineError(
  'AUTH_INVALID_REFRESH_TOKEN',
  'unauthenticated',
  'The refresh token is not valid any more. Sign in again.',
)
export const SessionNotFound = defineError('AUTH_SESSION_NOT_FOUND', 'not-found', 'There is no such session.')

/** Older exchanged tokens are refused like unknown ones, without ending the session. */
export const maxExchangedHashes = 100
/** A client whose requests overtook each other, or that missed the answer, may show the last token again for so long. */
export const graceMs = 10_000
/** Sessions are kept for a while after their end, so that a token that is shown late is still recognised. */
const keptAfterEndMs = 30 * 24 * 3600 * 1000

export interface NewSession {
  readonly id: string
  readonly userId: string
  readonly tokenHash: string
  readonly device?: Device
  readonly app?: AppGrant
  readonly authentication?: Authentication
}

const after = (date: Date, ms: number) => new Date(date.getTime() + ms)
const earlier = (one: Date, other: Date) => (one < other ? one : other)

/** The fields that follow from its being used now. */
function usedAt(now: Date, expiresAt: Date, { idleMs }: SessionLifetime, device: Device | undefined) {
  const idleUntil = earlier(after(now, idleMs), expiresAt)
  return { lastSeenAt: now, idleUntil, purgeAt: after(idleUntil, keptAfterEndMs), ...(device && { device }) }
}

export function startSession(
  { id, userId, tokenHash, device, app, authentication }: NewSession,
  lifetime: SessionLifetime,
  now: Date,
): Session {
  const expiresAt = after(now, lifetime.absoluteMs)
  return {
    id,
    userId,
    tokenHash,
    exchangedHashes: [],
    expiresAt,
    startedAt: now,
    ...(app && { app }),
    ...(authentication && { authentication }),
    ...usedAt(now, expiresAt, lifetime, device),
  }
}

/** Ends a session. Returns the same object when it has ended already. */
export const revokeSession = (session: Session, reason: RevocationReason, now: Date): Session =>
  session.revokedAt === undefined ? { ...session, revokedAt: now, revokedBecause: reason } : session

/** True until it was revoked, its time is up, or it was not used for too long. */
export const isGood = ({ revokedAt, expiresAt, idleUntil }: Session, now: Date): boolean =>
  revokedAt === undefined && expiresAt > now && (idleUntil === undefined || idleUntil > now)

export type Exchange =
  | { readonly kind: 'exchanged'; readonly session: Session }
  /** The token was exchanged a moment ago: whoever shows it gets the same successor, and nothing changes. */
  | { readonly kind: 'repeated' }
  /** The token was exchanged before: two parties hold it, so nobody keeps the session (RFC 9700, 4.14.2). */
  | { readonly kind: 'reused'; readonly session: Session }
  | { readonly kind: 'refused' }

export interface Shown {
  readonly shownHash: string
  /** Of the token that follows the shown one. */
  readonly nextHash: string
  readonly device?: Device
}

/** Exchanges the good refresh token for the next. Total; the session in the answer is what to save. */
export function exchangeToken(
  session: Session,
  { shownHash, nextHash, device }: Shown,
  lifetime: SessionLifetime,
  now: Date,
): Exchange {
  if (!isGood(session, now)) return { kind: 'refused' }
  if (shownHash === session.tokenHash) {
    const exchangedHashes = [...session.exchangedHashes, shownHash].slice(-maxExchangedHashes)
    const used = usedAt(now, session.expiresAt, lifetime, device)
    return {
      kind: 'exchanged',
      session: { ...session, ...used, tokenHash: nextHash, exchangedHashes, exchangedAt: now },
    }
  }
  const { exchangedAt, exchangedHashes } = session
  const isInGrace = exchangedAt !== undefined && now.getTime() - exchangedAt.getTime() <= graceMs
  if (isInGrace && exchangedHashes.at(-1) === shownHash && session.tokenHash === nextHash) return { kind: 'repeated' }
  if (exchangedHashes.includes(shownHash)) return { kind: 'reused', session: revokeSession(session, 'reuse', now) }
  return { kind: 'refused' }
}

/** True when the hash belongs to a token that this session ever had and remembers. */
export const knowsToken = (session: Session, shownHash: string): boolean =>
  shownHash === session.tokenHash || session.exchangedHashes.includes(shownHash)
