import { dueIndex } from '@tradewind/database/due'
import type { Migration } from '@tradewind/database/migrations'
import { outboxIndex } from '@tradewind/database/outbox'

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
]
