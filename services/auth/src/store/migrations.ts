import { dueIndex } from '@tradewind/database/due'
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
  {
    name: '0002-access',
    up: async (db) => {
      await db.collection('sessions').createIndexes([
        { key: { userId: 1, _id: -1 }, name: 'user_latest' },
        { key: { 'app.clientId': 1 }, name: 'client', sparse: true },
        { key: { purgeAt: 1 }, name: 'purge', sparse: true },
      ])
      // What it served, the longer one serves, too.
      if (await db.collection('sessions').indexExists('user')) await db.collection('sessions').dropIndex('user')
      await db
        .collection('api_keys')
        .createIndexes([
          outboxIndex,
          { key: { keyHash: 1 }, name: 'key', unique: true },
          { key: { userId: 1, _id: -1 }, name: 'user_latest' },
          { key: { purgeAt: 1 }, name: 'purge' },
        ])
      await db.collection('clients').createIndexes([outboxIndex])
      await db.collection('authorization_codes').createIndexes([outboxIndex, { key: { purgeAt: 1 }, name: 'purge' }])
      await db.collection('client_assertions').createIndexes([{ key: { purgeAt: 1 }, name: 'purge' }])
      // Sessions of before end by their absolute time and are then kept like any other.
      await db
        .collection('sessions')
        .updateMany({ purgeAt: { $exists: false } }, [
          { $set: { purgeAt: { $add: ['$expiresAt', 30 * 24 * 3600 * 1000] } } },
        ])
    },
  },
  {
    name: '0003-accounts',
    up: async (db) => {
      await db
        .collection('accounts')
        .createIndex({ 'identities.key': 1 }, { name: 'identity', unique: true, sparse: true })
      await db.collection('ceremonies').createIndexes([outboxIndex, { key: { purgeAt: 1 }, name: 'purge' }])
    },
  },
  {
    name: '0004-guard-and-audit',
    up: async (db) => {
      for (const name of ['throttles', 'known_networks'])
        await db.collection(name).createIndex({ expiresAt: 1 }, { name: 'forget', expireAfterSeconds: 0 })
      await db.collection('known_networks').createIndex({ who: 1 }, { name: 'who' })
      await db.collection('audit').createIndexes([
        { key: { at: -1, _id: -1 }, name: 'newest' },
        { key: { 'actor.id': 1, at: -1, _id: -1 }, name: 'actor' },
        { key: { subject: 1, at: -1, _id: -1 }, name: 'subject' },
        { key: { action: 1, at: -1, _id: -1 }, name: 'action' },
        { key: { unsealedAt: 1, _id: 1 }, name: 'unsealed', sparse: true },
        // A place in the chain belongs to one entry, so the chain never forks.
        { key: { 'seal.seq': 1 }, name: 'chain', unique: true, sparse: true },
      ])
    },
  },
  {
    name: '0005-privacy',
    up: async (db) => {
      await db
        .collection('erasures')
        .createIndexes([outboxIndex, dueIndex, { key: { receiptId: 1 }, name: 'receipt', unique: true }])
      await db.collection('person_exports').createIndexes([dueIndex, { key: { userId: 1 }, name: 'user' }])
      await db.collection('person_export_parts').createIndex({ exportId: 1, n: 1 }, { name: 'export' })
      await db.collection('authorization_codes').createIndex({ userId: 1 }, { name: 'user' })
    },
  },
  {
    name: '0006-withdrawn-keys-and-ceremonies',
    up: async (db) => {
      await db.collection('key_withdrawals').createIndexes([outboxIndex])
      await db.collection('ceremonies').createIndex({ userId: 1 }, { name: 'user', sparse: true })
    },
  },
]
