import { dueIndex } from '@tradewind/database/due'
import type { Migration } from '@tradewind/database/migrations'
import { outboxIndex } from '@tradewind/database/outbox'

/** Changes of the notifications database, in order. Never edited once released. */
export const migrations: readonly Migration[] = [
  {
    name: '0001-indexes',
    up: async (db) => {
      await db
        .collection('notifications')
        .createIndexes([
          outboxIndex,
          { key: { orderId: 1 }, name: 'order' },
          { key: { createdAt: -1, _id: -1 }, name: 'newest' },
          dueIndex,
        ])
    },
  },
  {
    name: '0002-templates-and-webhooks',
    up: async (db) => {
      await db.collection('notifications').createIndex({ status: 1, createdAt: -1, _id: -1 }, { name: 'status' })
      await db
        .collection('templates')
        .createIndex({ template: 1, locale: 1, version: -1 }, { name: 'newest', unique: true })
      await db.collection('undeliverable_addresses').createIndex({ at: 1 }, { name: 'at' })
      await db
        .collection('webhook_endpoints')
        .createIndexes([
          outboxIndex,
          { key: { slot: 1 }, name: 'slot', unique: true, sparse: true },
          { key: { removedAt: 1 }, name: 'removed', sparse: true },
        ])
      await db
        .collection('webhook_deliveries')
        .createIndexes([
          outboxIndex,
          { key: { endpointId: 1, createdAt: -1, _id: -1 }, name: 'log' },
          { key: { endpointId: 1, status: 1, createdAt: -1, _id: -1 }, name: 'status' },
          { key: { endpointId: 1, dueAt: 1 }, name: 'due' },
          { key: { endpointId: 1, status: 1, eventTime: 1, eventId: 1 }, name: 'order' },
          { key: { finishedAt: 1 }, name: 'finished', sparse: true },
        ])
    },
  },
  {
    name: '0003-erased-persons',
    up: async (db) => {
      await db.collection('notifications').createIndex({ customerId: 1, _id: 1 }, { name: 'customer', sparse: true })
      await db.collection('erased_persons').createIndexes([outboxIndex])
    },
  },
]
