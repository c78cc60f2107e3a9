import type { DomainEvent } from '@tradewind/contracts/event'
import { AggregateNotFound, createAggregateStore, type Stored } from '@tradewind/database/aggregate-store'
import type { Decision } from '@tradewind/database/decision'
import type { Outbox } from '@tradewind/database/outbox'
import type { Db } from 'mongodb'
import { type Client, ClientNotFound } from '../domain/client.ts'

export interface ClientRepository {
  readonly outbox: Outbox
  insert(client: Client, ...events: DomainEvent[]): Promise<Client & Stored>
  find(id: string): Promise<(Client & Stored) | undefined>
  /** Latest first. */
  list(before: string | undefined, limit: number): Promise<(Client & Stored)[]>
  /** Throws `ClientNotFound`. */
  update(id: string, decide: (client: Client) => Decision<Client>): Promise<Client & Stored>
}

export function createClientRepository(db: Db, now: () => Date): ClientRepository {
  const store = createAggregateStore<Client>(db, 'clients', { now })
  return {
    outbox: store.outbox,
    insert: (client, ...events) => store.insert(client, ...events),
    find: (id) => store.find(id),
    list: async (before, limit) => {
      const filter = before === undefined ? {} : { _id: { $lt: before } }
      const found = await store.collection.find(filter).sort({ _id: -1 }).limit(limit).toArray()
      return found.map(store.toState)
    },
    update: (id, decide) =>
      store
        .update(id, (client) => decide(client))
        .catch((cause: unknown) => {
          throw AggregateNotFound.is(cause) ? ClientNotFound({ id }, { cause }) : cause
        }),
  }
}
