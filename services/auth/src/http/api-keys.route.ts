import { createApiKeyRoute, deleteApiKeyRoute, listApiKeysRoute } from '@tradewind/contracts/api-keys'
import type { Stored } from '@tradewind/database/aggregate-store'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ApiKey } from '../domain/api-key.ts'
import type { DeleteApiKey, ListApiKeys, MakeApiKey } from '../use-cases/manage-api-keys.ts'
import { noStore } from './no-store.ts'
import type { NoteAction } from './note-action.ts'

const present = ({ id, name, scopes, prefix, createdAt, expiresAt, lastUsedAt }: ApiKey & Stored) => ({
  id,
  name,
  scopes: [...scopes],
  prefix,
  createdAt: createdAt.toISOString(),
  expiresAt: expiresAt.toISOString(),
  ...(lastUsedAt && { lastUsedAt: lastUsedAt.toISOString() }),
})

export const createApiKey = (make: MakeApiKey, note: NoteAction) =>
  implementRoute(createApiKeyRoute, async ({ body, ...asked }) => {
    const { userId, permissions } = asked.caller
    const { key, apiKey } = await make({ ...body, userId, permissions })
    await note('api_key.created', asked, userId, { apiKeyId: apiKey.id })
    return { status: 201, body: { ...present(apiKey), key }, headers: noStore }
  })

export const listApiKeys = (list: ListApiKeys) =>
  implementRoute(listApiKeysRoute, async ({ caller }) => ({
    status: 200,
    body: { items: (await list(caller.userId)).map(present) },
    headers: noStore,
  }))

export const deleteApiKey = (remove: DeleteApiKey, note: NoteAction) =>
  implementRoute(deleteApiKeyRoute, async ({ params, ...asked }) => {
    const { userId } = asked.caller
    await remove({ id: params.id, userId })
    await note('api_key.revoked', asked, userId, { apiKeyId: params.id })
    return { status: 204, body: null }
  })
