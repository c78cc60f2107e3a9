import { createApiKeyRoute, deleteApiKeyRoute, listApiKeysRoute } from '@tradewind/contracts/api-keys'
import type { Stored } from '@tradewind/database/aggregate-store'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ApiKey } from '../domain/api-key.ts'
import type { DeleteApiKey, ListApiKeys, MakeApiKey } from '../use-cases/manage-api-keys.ts'
import { noStore } from './no-store.ts'

const present = ({ id, name, scopes, prefix, createdAt, expiresAt, lastUsedAt }: ApiKey & Stored) => ({
  id,
  name,
  scopes: [...scopes],
  prefix,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  ...(lastUsedAt && { lastUsedAt: lastUsedAt.toISOString() }),
})

export const createApiKey = (make: MakeApiKey) =>
  implementRoute(createApiKeyRoute, async ({ body, caller }) => {
    const { userId, permissions } = caller
    const { key, apiKey } = await make({ ...body, userId, permissions })
    return { status: 201, body: { ...present(apiKey), key }, headers: noStore }
  })

export const listApiKeys = (list: ListApiKeys) =>
  implementRoute(listApiKeysRoute, async ({ caller }) => ({
    status: 200,
    body: { items: (await list(caller.userId)).map(present) },
    headers: noStore,
  }))

export const deleteApiKey = (remove: DeleteApiKey) =>
  implementRoute(deleteApiKeyRoute, async ({ params, caller }) => {
    await remove({ id: params.id, userId: caller.userId })
    return { status: 204, body: null }
  })
