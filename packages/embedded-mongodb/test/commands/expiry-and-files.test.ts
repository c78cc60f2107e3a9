import fs from 'node:fs'
import { GridFSBucket, MongoClient } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { runPass } from '../../src/background-work.ts'
import { decodeDocument } from '../../src/bson/decode.ts'
import { DateTime, Doc, type Value } from '../../src/bson/values.ts'
import { insertDocument } from '../../src/commands/insert.ts'
import { Instance } from '../../src/instance.ts'
import { Reading, readPlan } from '../../src/planner/read-plan.ts'
import { parseIndexSpec } from '../../src/storage/parse-index-spec.ts'
import { temporaryDirectory, useServer } from '../support/mongo.ts'

const mongo = useServer()

describe('a TTL index', () => {
  test.each([1, -1])('removes what has expired, and only that (direction %d)', async (direction) => {
    const dataDir = temporaryDirectory()
    const silent = { info: () => undefined, warn: () => undefined, error: () => undefined }
    const instance = new Instance(dataDir, silent)
    const collection = instance.catalog.create('t', 'x', new Doc())
    const source = Doc.from({ key: Doc.of('at', direction), name: 'at', expireAfterSeconds: 60 })
    collection.indexes.push(instance.catalog.makeIndex(parseIndexSpec(source)))
    const now = Date.parse('2024-01-01T00:00:00Z')
    const insert = (_id: number, at: Value): void => {
      const doc = Doc.from({ _id, at })
      insertDocument(collection, doc, doc)
    }
    insert(1, new DateTime(now - 61_000))
    insert(2, new DateTime(now - 59_000))
    insert(3, 'no date')
    insert(4, [new DateTime(now), new DateTime(now - 90_000)])
    insert(5, null)
    runPass(instance, now)
    const left = [...readPlan(collection, { kind: 'scan', reverse: false, sorted: true }, new Reading(), 0)]
    expect(left.map(({ bytes }) => decodeDocument(bytes).get('_id'))).toEqual([2, 3, 5])
    expect(instance.ttl.deletedDocuments).toBe(2)
    await instance.close()
    fs.rmSync(dataDir, { recursive: true, force: true })
  })

  test('is listed with its time, which collMod changes', async () => {
    const { db } = mongo.server()
    const collection = mongo.collection()
    await collection.createIndex({ at: 1 }, { expireAfterSeconds: 60 })
    const change = { keyPattern: { at: 1 }, expireAfterSeconds: 90 }
    expect(await db.command({ collMod: collection.collectionName, index: change })).toMatchObject({
      expireAfterSeconds_old: 60,
      expireAfterSeconds_new: 90,
    })
    expect(await collection.indexes()).toMatchObject([{}, { name: 'at_1', expireAfterSeconds: 90 }])
  })
})

describe('GridFS', () => {
  test('keeps files through the driver', async () => {
    const { db } = mongo.server()
    const bucket = new GridFSBucket(db, { bucketName: 'files', chunkSizeBytes: 64 * 1024 })
    const content = Buffer.alloc(300_000, 'abc')
    const upload = bucket.openUploadStream('name.txt', { metadata: { owner: 'x' } })
    await new Promise((resolve, reject) => upload.once('finish', resolve).once('error', reject).end(content))
    const chunks: Buffer[] = []
    for await (const chunk of bucket.openDownloadStreamByName('name.txt')) chunks.push(Buffer.from(chunk))
    expect(Buffer.concat(chunks).equals(content)).toBe(true)
    expect(await bucket.find({ 'metadata.owner': 'x' }).toArray()).toMatchObject([
      { filename: 'name.txt', length: 300_000 },
    ])
    await bucket.delete(upload.id)
    expect(await db.collection('files.chunks').countDocuments()).toBe(0)
  })
})

describe('options of the driver', () => {
  test('let, comment, hint, and every kind of write concern', async () => {
    const { client } = mongo.server()
    const collection = mongo.collection()
    await collection.insertMany(
      [
        { _id: 1, n: 5 },
        { _id: 2, n: 9 },
      ],
      { writeConcern: { w: 'majority', j: true } },
    )
    const bound = { let: { least: 6 }, comment: 'why' }
    expect(await collection.find({ $expr: { $gt: ['$n', '$$least'] } }, bound).toArray()).toMatchObject([{ _id: 2 }])
    await collection.updateOne({ $expr: { $gt: ['$n', '$$least'] } }, [{ $set: { seen: '$$least' } }], bound)
    expect(await collection.findOne({ _id: 2 })).toEqual({ _id: 2, n: 9, seen: 6 })
    expect(await collection.deleteOne({ $expr: { $lt: ['$n', '$$least'] } }, { ...bound, hint: '_id_' })).toMatchObject(
      { deletedCount: 1 },
    )
    const careful = new MongoClient(mongo.server().url, { readConcernLevel: 'majority', retryWrites: false })
    expect(await careful.db(collection.dbName).collection(collection.collectionName).countDocuments()).toBe(1)
    await careful.close()
    expect(client.options.directConnection).toBeTypeOf('boolean')
  })
})
