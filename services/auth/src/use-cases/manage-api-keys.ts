import { maxApiKeys } from '@tradewind/contracts/api-keys'
import { isPermission, type Permission } from '@tradewind/contracts/permissions'
import { ApiKeyRevokedV1 } from '@tradewind/contracts/revocation'
import type { Stored } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import type { Secrets } from '../crypto/secrets.ts'
import {
  type ApiKey,
  ApiKeyNotFound,
  createApiKey,
  revokeApiKey,
  ScopeTooWide,
  TooManyApiKeys,
} from '../domain/api-key.ts'
import type { ApiKeyRepository } from '../store/api-key.repository.ts'

interface WantedApiKey {
  readonly userId: string
  /** What its owner may do. */
  readonly permissions: ReadonlySet<Permission>
  readonly name: string
  readonly scopes: readonly string[]
  readonly expiresInDays: number
}

export type MakeApiKey = (wanted: WantedApiKey) => Promise<{ key: string; apiKey: ApiKey & Stored }>
export type ListApiKeys = (userId: string) => Promise<readonly (ApiKey & Stored)[]>
export type DeleteApiKey = (which: { readonly id: string; readonly userId: string }) => Promise<void>

interface Ports {
  readonly apiKeys: ApiKeyRepository
  readonly secrets: Secrets
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Of the key this much is shown in lists. */
const shownLength = 'twk_'.length + 6

/** Throws `ScopeTooWide` and `TooManyApiKeys`. */
export const makeMakeApiKey =
  ({ apiKeys, secrets, now, newId }: Ports): MakeApiKey =>
  async ({ userId, permissions, name, scopes, expiresInDays }) => {
    if (!scopes.every((scope) => isPermission(scope) && permissions.has(scope))) throw ScopeTooWide({ userId, scopes })
    const existing = await apiKeys.list(userId, now(), maxApiKeys)
    if (existing.length >= maxApiKeys) throw TooManyApiKeys({ userId })
    const { secret: key, hash: keyHash } = secrets.create('twk_')
    const prefix = key.slice(0, shownLength)
    const fresh = createApiKey({ id: newId('apk'), userId, name, scopes, prefix, keyHash, expiresInDays }, now())
    const apiKey = await apiKeys.insert(fresh)
    // Of many who ask at the same moment, the last that stays sees all others: so there are never more.
    if ((await apiKeys.list(userId, now(), maxApiKeys + 1)).length > maxApiKeys) {
      await apiKeys.update(apiKey.id, (before) => changed(revokeApiKey(before, now())))
      throw TooManyApiKeys({ userId })
    }
    return { key, apiKey }
  }

export const makeListApiKeys =
  ({ apiKeys, now }: Ports): ListApiKeys =>
  (userId) =>
    apiKeys.list(userId, now(), maxApiKeys)

/** Ends all of an account's keys. Safe to repeat. */
export type EndApiKeys = (userId: string) => Promise<void>

export const makeEndApiKeys = (ports: Ports): EndApiKeys => {
  const remove = makeDeleteApiKey(ports)
  return async (userId) => {
    for (const { id } of await ports.apiKeys.list(userId, ports.now(), maxApiKeys)) await remove({ id, userId })
  }
}

/** Ends one of one's own keys; another's is reported as missing. Throws `ApiKeyNotFound`. */
export const makeDeleteApiKey =
  ({ apiKeys, now, newId }: Ports): DeleteApiKey =>
  async ({ id, userId }) => {
    const existing = await apiKeys.find(id)
    if (existing?.userId !== userId) throw ApiKeyNotFound({ id })
    await apiKeys.update(id, (before) => {
      const after = revokeApiKey(before, now())
      if (after === before) return unchanged()
      return changed(after, ApiKeyRevokedV1.create(newId('evt'), { userId, apiKeyId: id }))
    })
  }
