import { defineError } from '@tradewind/service-kit/errors'

/** A key that a program uses in its owner's name, within its scopes. */
export interface ApiKey {
  readonly id: string
  readonly userId: string
  readonly name: string
  readonly scopes: readonly string[]
  /** The beginning of the key, to tell it from others. */
  readonly prefix: string
  /** SHA-256 of the key; unique. The key itself is stored nowhere. */
  readonly keyHash: string
  readonly expiresAt: Date
  /** To the minute. */
  readonly lastUsedAt?: Date
  readonly revokedAt?: Date
  readonly purgeAt: Date
}

export const ApiKeyNotFound = defineError('AUTH_API_KEY_NOT_FOUND', 'not-found', 'There is no such API key.')
export const TooManyApiKeys = defineError(
  'AUTH_TOO_MANY_API_KEYS',
  'conflict',
  'There are as many API keys as an account may have. Delete one first.',
)
export const ScopeTooWide = defineError(
  'AUTH_SCOPE_TOO_WIDE',
  'forbidden',
  'Nobody can hand on what he may not do himself.',
)

const dayMs = 24 * 3600 * 1000
const keptAfterEndMs = 30 * dayMs
/** Use is noted at most this often. */
const useNotedEveryMs = 60_000

export interface NewApiKey {
  readonly id: string
  readonly userId: string
  readonly name: string
  readonly scopes: readonly string[]
  readonly prefix: string
  readonly keyHash: string
  readonly expiresInDays: number
}

export function createApiKey({ expiresInDays, ...key }: NewApiKey, now: Date): ApiKey {
  const expiresAt = new Date(now.getTime() + expiresInDays * dayMs)
  return { ...key, expiresAt, purgeAt: new Date(expiresAt.getTime() + keptAfterEndMs) }
}

export const isKeyGood = ({ revokedAt, expiresAt }: ApiKey, now: Date): boolean =>
  revokedAt === undefined && expiresAt > now

/** Ends a key. Returns the same object when it has ended already. */
export const revokeApiKey = (key: ApiKey, now: Date): ApiKey =>
  key.revokedAt === undefined ? { ...key, revokedAt: now, purgeAt: new Date(now.getTime() + keptAfterEndMs) } : key

/** Notes that a key was used. Returns the same object when that was noted a moment ago, or the key is not good. */
export function useApiKey(key: ApiKey, now: Date): ApiKey {
  const isNoted = key.lastUsedAt !== undefined && now.getTime() - key.lastUsedAt.getTime() < useNotedEveryMs
  return isNoted || !isKeyGood(key, now) ? key : { ...key, lastUsedAt: now }
}
