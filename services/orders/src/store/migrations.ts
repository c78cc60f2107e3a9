import { dueIndex } from '@tradewind/database/due'
import type { Migration } from '@tradewind/database/migrations'
import { outboxIndex } from '@tradewind/database/outbox'

/** First answers are replayed for at least 24 hours. */
const keepAnswersSeconds = 48 * 3600

/** Changes of the orders database, in order. Never edited once released. */
export const migrations: readonly Migration[] = [
  {
    name: '0001-indexes',
    up: async (db) => {
      await db
        .collection('orders')
        .createIndexes([
          outboxIndex,
          { key: { customerId: 1, idempotencyKey: 1 }, name: 'idempotency', unique: true },
          { key: { customerId: 1, _id: -1 }, name: 'customer' },
          { key: { customerId: 1, status: 1, _id: -1 }, name: 'customer_status' },
          { key: { status: 1, _id: -1 }, name: 'status' },
          dueIndex,
        ])
      await db.collection('catalogue').createIndex({ 'variants.sku': 1 }, { name: 'sku' })
      await db
        .collection('first_answers')
        .createIndex({ at: 1 }, { name: 'forget', expireAfterSeconds: keepAnswersSeconds })
    },
  },
  {
    name: '0002-sagas',
    up: async (db) => {
      // Only orders that wait have a dueAt, so the index holds few.
      await db
        .collection('orders')
        .createIndex({ since: 1, _id: 1 }, { name: 'waiting', partialFilterExpression: { dueAt: { $exists: true } } })
    },
  },
  {
    name: '0003-discounts',
    up: async (db) => {
      await db.collection('discount_uses').createIndexes([dueIndex])
    },
  },
  {
    name: '0004-erased-persons',
    up: async (db) => {
      await db.collection('erased_persons').createIndexes([outboxIndex])
    },
  },
]
