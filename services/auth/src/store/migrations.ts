import type { Migration } from '@tradewind/database/migrations'
import { outboxIndex } from '@tradewind/database/outbox'

/** Changes of the auth database, in order. Never edited once released. */
export const migrations: readonly Migration[] = [
  {
    name: '0001-indexes',
    up: async (db) => {
      await db.collection('accounts').createIndexes([outboxIndex, { key: { email: 1 }, name: 'email', unique: true }])
      await db.collection('sessions').createIndexes([outboxIndex, { key: { userId: 1 }, name: 'user' }])
    },
  },
]
