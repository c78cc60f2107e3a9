import { expect, test } from 'vitest'
import { RecentDocuments } from '../../src/storage/recent-documents.ts'
import { useServer } from '../support/mongo.ts'

const mongo = useServer()

test('a document is what was written last, whichever way it is found', async () => {
  const items = mongo.server().db.collection<{ _id: string; owner: string; n: number }>('items')
  await items.createIndex({ owner: 1 })
  await items.insertOne({ _id: 'a', owner: 'x', n: 1 })
  await items.updateOne({ _id: 'a' }, { $inc: { n: 1 } })
  await items.updateOne({ owner: 'x' }, { $inc: { n: 1 } })
  await items.findOneAndUpdate({ _id: 'a' }, { $inc: { n: 1 } })
  await items.replaceOne({ _id: 'a' }, { owner: 'x', n: 10 })
  await items.updateMany({}, { $inc: { n: 1 } })
  expect(await items.findOne({ _id: 'a' })).toEqual({ _id: 'a', owner: 'x', n: 11 })
  expect(await items.findOne({ owner: 'x' })).toEqual({ _id: 'a', owner: 'x', n: 11 })
})

test('a deleted document is gone, and comes back as it is inserted again', async () => {
  const items = mongo.server().db.collection<{ _id: string; n: number }>('again')
  await items.insertOne({ _id: 'a', n: 1 })
  expect(await items.findOne({ _id: 'a' })).not.toBeNull()
  await items.deleteOne({ _id: 'a' })
  expect(await items.findOne({ _id: 'a' })).toBeNull()
  await items.insertOne({ _id: 'a', n: 2 })
  expect(await items.findOne({ _id: 'a' })).toMatchObject({ n: 2 })
  await items.deleteMany({ n: 2 })
  expect(await items.findOne({ _id: 'a' })).toBeNull()
  await items.insertOne({ _id: 'a', n: 3 })
  await items.findOneAndDelete({ n: 3 })
  expect(await items.countDocuments({ _id: 'a' })).toBe(0)
})

test('what is dropped or renamed leaves nothing behind', async () => {
  const { db } = mongo.server()
  const items = db.collection<{ _id: string; n: number }>('first')
  await items.insertOne({ _id: 'a', n: 1 })
  await items.rename('second')
  expect(await items.findOne({ _id: 'a' })).toBeNull()
  expect(await db.collection<{ _id: string }>('second').findOne({ _id: 'a' })).toMatchObject({ n: 1 })
  await db.collection('second').drop()
  expect(await db.collection<{ _id: string }>('second').findOne({ _id: 'a' })).toBeNull()
})

test('under a collation one document answers to several spellings', async () => {
  const { db } = mongo.server()
  const items = await db.createCollection<{ _id: string; n: number }>('folded', {
    collation: { locale: 'en', strength: 2 },
  })
  await items.insertOne({ _id: 'Ab', n: 1 })
  expect(await items.findOne({ _id: 'aB' })).toMatchObject({ _id: 'Ab', n: 1 })
  await items.updateOne({ _id: 'AB' }, { $inc: { n: 1 } })
  expect(await items.findOne({ _id: 'ab' })).toMatchObject({ _id: 'Ab', n: 2 })
  await items.deleteOne({ _id: 'ab' })
  expect(await items.findOne({ _id: 'Ab' })).toBeNull()
})

test('the documents touched longest ago make room', () => {
  const recent = new RecentDocuments()
  const bytes = Buffer.alloc(30_000)
  for (let rid = 0; rid < 200; rid++) {
    recent.keep(`item-${rid}`, { rid, bytes })
    recent.keep('often', { rid: 1000, bytes })
  }
  expect(recent.get('item-0')).toBeUndefined()
  expect(recent.get('item-199')?.rid).toBe(199)
  expect(recent.get('often')?.rid).toBe(1000)
  recent.keep('often', { rid: 1000, bytes: Buffer.alloc(40_000) })
  expect(recent.get('often')).toBeUndefined()
})
