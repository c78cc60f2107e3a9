import { dueIndex } from '@tradewind/database/due'
import type { Migration } from '@tradewind/database/migrations'
import { outboxIndex } from '@tradewind/database/outbox'

/** Changes of the inventory database, in order. Never edited once released. */
export const migrations: readonly Migration[] = [
  {
    name: '0001-indexes',
    up: async (db) => {
      await db
        .collection('products')
        .createIndexes([
          outboxIndex,
          { key: { status: 1, _id: -1 }, name: 'newest' },
          { key: { 'variants.sku': 1 }, name: 'sku', unique: true },
          { key: { status: 1, category: 1, _id: -1 }, name: 'category' },
          { key: { status: 1, title: 1, _id: 1 }, name: 'title' },
          { key: { status: 1, priceMinor: 1, _id: 1 }, name: 'price' },
          { key: { words: 1 }, name: 'words' },
        ])
      await db
        .collection('stock')
        .createIndexes([
          outboxIndex,
          { key: { sku: 1, locationId: 1 }, name: 'sku' },
          { key: { movementsSince: 1 }, name: 'movements', sparse: true },
        ])
      await db.collection('reservations').createIndexes([outboxIndex, dueIndex])
      await db.collection('movements').createIndex({ stockId: 1, at: 1 }, { name: 'stock' })
    },
  },
  {
    name: '0002-stock-history',
    up: async (db) => {
      await db.collection('transfers').createIndexes([outboxIndex, dueIndex])
      await db.collection('movements').createIndexes([
        { key: { at: -1, seq: -1, _id: -1 }, name: 'newest' },
        { key: { sku: 1, at: -1, seq: -1, _id: -1 }, name: 'sku' },
        { key: { locationId: 1, at: -1, seq: -1, _id: -1 }, name: 'location' },
        { key: { orderId: 1, at: -1, seq: -1, _id: -1 }, name: 'order', sparse: true },
      ])
    },
  },
  {
    name: '0003-images',
    up: async (db) => {
      await db.collection('products').createIndex({ 'images.id': 1 }, { name: 'image', sparse: true })
      await db.collection('images.files').createIndex({ uploadDate: 1 }, { name: 'uploaded' })
    },
  },
  {
    name: '0004-jobs',
    up: async (db) => {
      await db.collection('products').createIndex({ handle: 1 }, { name: 'handle', unique: true, sparse: true })
      await db
        .collection('jobs')
        .createIndexes([
          outboxIndex,
          dueIndex,
          { key: { requestKey: 1 }, name: 'request', unique: true, sparse: true },
          { key: { finishedAt: 1 }, name: 'finished', sparse: true },
        ])
      await db.collection('job_errors').createIndex({ jobId: 1, row: 1, n: 1 }, { name: 'job' })
      await db.collection('job_files').createIndex({ at: 1 }, { name: 'at' })
    },
  },
  {
    name: '0005-backordered',
    up: async (db) => {
      await db
        .collection('reservations')
        .createIndex({ 'allocations.backordered': 1 }, { name: 'backordered', sparse: true })
    },
  },
]
