import { ClientId } from '@tradewind/contracts/common'
import {
  changeClientRoute,
  createClientRoute,
  getClientRoute,
  listClientsRoute,
  rotateClientSecretRoute,
} from '@tradewind/contracts/oauth'
import type { Stored } from '@tradewind/database/aggregate-store'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import type { Client } from '../domain/client.ts'
import type { ClientRepository } from '../store/client.repository.ts'
import type { FindClient } from '../use-cases/find-client.ts'
import type { ChangeClient, MakeClient, RotateClientSecret } from '../use-cases/manage-clients.ts'
import { noStore } from './no-store.ts'

const present = (client: Client & Stored) => {
  const { id, kind, name, scopes, redirectUris, keys, secretHash, active, createdAt } = client
  return {
    id,
    kind,
    name,
    scopes: [...scopes],
    redirectUris: [...redirectUris],
    keys: keys.map((key) => ({ ...key })),
    hasSecret: secretHash !== undefined,
    active,
    createdAt: createdAt.toISOString(),
  }
}

export const createClient = (make: MakeClient) =>
  implementRoute(createClientRoute, async ({ body, caller }) => {
    const { client, secret } = await make({ ...body, permissions: caller.permissions })
    return { status: 201, body: { ...present(client), ...(secret !== undefined && { secret }) }, headers: noStore }
  })

export const listClients = (clients: ClientRepository) =>
  implementRoute(listClientsRoute, async ({ query }) => {
    const limit = limitOf(query)
    const before = query.cursor === undefined ? undefined : decodeCursor(ClientId, query.cursor)
    const page = pageOf(await clients.list(before, limit + 1), limit, ({ id }) => id)
    return { status: 200, body: { ...page, items: page.items.map(present) }, headers: noStore }
  })

export const getClient = (find: FindClient) =>
  implementRoute(getClientRoute, async ({ params }) => ({
    status: 200,
    body: present(await find(params.id)),
    headers: noStore,
  }))

export const changeClient = (change: ChangeClient) =>
  implementRoute(changeClientRoute, async ({ params, body, caller }) => ({
    status: 200,
    body: present(await change({ id: params.id, change: body, permissions: caller.permissions })),
    headers: noStore,
  }))

export const rotateClientSecret = (rotate: RotateClientSecret) =>
  implementRoute(rotateClientSecretRoute, async ({ params }) => {
    const { client, secret } = await rotate(params.id)
    return { status: 200, body: { ...present(client), secret }, headers: noStore }
  })
