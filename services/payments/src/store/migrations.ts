import { dueIndex } from '@tradewind/database/due'
import type { Migration } from '@tradewind/database/migrations'
import { outboxIndex } from '@tradewind/database/outbox'
import { renewOldPayments } from './renew-old-payments.ts'

/** Changes of the payments database, in order. Never edited once released. */
export const migrations: readonly Migration[] = [
  {
    name: '0001-indexes',
    up: async (db) => {
      await db
        .collection('payments')
        .createIndexes([outboxIndex, { key: { orderId: 1 }, name: 'order', unique: true }, dueIndex])
    },
  },
  {
    name: '0002-parts',
    up: async (db) => {
      await renewOldPayments(db)
      await db.collection('payments').createIndex({ providerRef: 1 }, { name: 'provider_ref', sparse: true })
      await db.collection('webhook_events').createIndex({ at: 1 }, { name: 'at' })
      await db.collection('request_claims').createIndex({ at: 1 }, { name: 'at' })
      await db
        .collection('reconciliations')
        .createIndexes([
          outboxIndex,
          dueIndex,
          { key: { createdAt: -1, _id: -1 }, name: 'newest' },
          { key: { finishedAt: 1 }, name: 'finished', sparse: true },
        ])
      await db.collection('reconciliation_differences').createIndex(outboxIndex.key, {
        name: outboxIndex.name,
        sparse: outboxIndex.sparse,
      })
      await db.collection('simulator_webhooks').createIndex({ sendAt: 1 }, { name: 'due' })
    },
  },
  {
    name: '0003-charges-as-aggregates',
    up: async (db) => {
      const stored = { version: 1, createdAt: '$updatedAt', writeId: 'migrated' }
      const outbox = { seq: 0, published: 0, entries: [] }
      await db
        .collection('simulator_charges')
        .updateMany({ version: { $exists: false } }, [{ $set: { ...stored, outbox } }, { $unset: 'revision' }])
    },
  },
]
