import type { Stored } from '@tradewind/database/aggregate-store'
import { type Client, ClientNotFound } from '../domain/client.ts'
import type { ClientRepository } from '../store/client.repository.ts'

export type FindClient = (id: string) => Promise<Client & Stored>

/** Throws `ClientNotFound`. */
export const makeFindClient =
  ({ clients }: { readonly clients: ClientRepository }): FindClient =>
  async (id) => {
    const client = await clients.find(id)
    if (client === undefined) throw ClientNotFound({ id })
    return client
  }
