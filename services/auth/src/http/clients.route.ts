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
import type { NoteAction } from './note-action.ts'

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

export const createClient = (make: MakeClient, note: NoteAction) =>
  implementRoute(createClientRoute, async ({ body, ...asked }) => {
    const { client, secret } = await make({ ...body, permissions: asked.caller.permissions })
    await note('client.created', asked, client.id)
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

export const changeClient = (change: ChangeClient, note: NoteAction) =>
  implementRoute(changeClientRoute, async ({ params, body, ...asked }) => {
    const client = await change({ id: params.id, change: body, permissions: asked.caller.permissions })
    await note('client.changed', asked, params.id, { changed: Object.keys(body).join(' ') })
    return { status: 200, body: present(client), headers: noStore }
  })

export const rotateClientSecret = (rotate: RotateClientSecret, note: NoteAction) =>
  implementRoute(rotateClientSecretRoute, async ({ params, ...asked }) => {
    const { client, secret } = await rotate(params.id)
    await note('client.changed', asked, params.id, { changed: 'secret' })
    return { status: 200, body: { ...present(client), secret }, headers: noStore }
  })
