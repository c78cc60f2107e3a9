import type { Document } from 'mongodb'
import { describe, expect, test } from 'vitest'
import { codeOf, failure, useServer } from '../support/mongo.ts'

const mongo = useServer()

function creating(name: string): (index: Document) => Promise<Document> {
  return (index) => mongo.server().db.command({ createIndexes: name, indexes: [index] })
}

describe('createIndexes', () => {
  test('counts the indexes before and after', async () => {
    const create = creating(mongo.collection().collectionName)
    expect(await create({ key: { a: 1 }, name: 'a_1' })).toEqual({
      numIndexesBefore: 1,
      numIndexesAfter: 2,
      createdCollectionAutomatically: true,
      ok: 1,
    })
    expect(await create({ key: { a: 1 }, name: 'a_1' })).toEqual({
      numIndexesBefore: 2,
      numIndexesAfter: 2,
      note: 'all indexes already exist',
      ok: 1,
    })
  })

  const conflicts: [string, Document, number, RegExp][] = [
    ['another name', { key: { a: 1 }, name: 'b' }, 85, /^Index already exists with a different name: a_1$/],
    [
      'another key',
      { key: { b: 1 }, name: 'a_1' },
      86,
      /^An existing index has the same name as the requested index\./,
    ],
    ['uniqueness', { key: { a: 1 }, name: 'a_1', unique: true }, 86, /^An existing index has the same name/],
    [
      'expiry',
      { key: { a: 1 }, name: 'a_1', expireAfterSeconds: 6 },
      85,
      /with the same name but different options\. Requested index: \{ v: 2, key: \{ a: 1 \}, name: "a_1", expireAfterSeconds: 6 \}, existing index: \{ v: 2, key: \{ a: 1 \}, name: "a_1" \}$/,
    ],
    ['name and expiry', { key: { a: 1 }, name: 'b', expireAfterSeconds: 6 }, 85, /with a different name and options\./],
    ['fields of text', { key: { s: 'text' }, name: 's_text' }, 85, /with a different name and options\./],
    ['more text', { key: { s: 'text', x: 1 }, name: 'sx' }, 67, /^only one text index per collection allowed/],
    [
      'uniqueness of _id',
      { key: { _id: 1 }, name: '_id_', unique: true },
      197,
      /not valid for an _id index specification/,
    ],
    ['expiry of _id', { key: { _id: 1 }, name: '_id_', expireAfterSeconds: 6 }, 197, /not valid for an _id index/],
  ]
  test.each(conflicts)('refuses an index that differs in %s', async (_, index, code, message) => {
    const create = creating(mongo.collection().collectionName)
    await create({ key: { a: 1 }, name: 'a_1' })
    await create({ key: { t: 'text' }, name: 't_text' })
    const error = await failure(create(index))
    expect(error.code).toBe(code)
    expect(error.message).toMatch(message)
  })

  test('lets unique and other indexes stand side by side, to be dropped by name', async () => {
    const collection = mongo.collection()
    const create = creating(collection.collectionName)
    await create({ key: { a: 1 }, name: 'a_1' })
    expect(await create({ key: { a: 1 }, name: 'a_unique', unique: true })).toMatchObject({ numIndexesAfter: 3 })
    const drop = (index: unknown): Promise<Document> =>
      mongo.server().db.command({ dropIndexes: collection.collectionName, index })
    expect(await codeOf(drop({ a: 1 }))).toBe(181)
    expect(await drop('a_1')).toEqual({ nIndexesWas: 3, ok: 1 })
    expect(await drop({ a: 1 })).toEqual({ nIndexesWas: 2, ok: 1 })
  })
})

describe('collMod', () => {
  test('tells what an index was and is', async () => {
    const collection = mongo.collection()
    await collection.createIndex({ t: 1 }, { expireAfterSeconds: 10 })
    const { db } = mongo.server()
    const change = (index: Document): Promise<Document> => db.command({ collMod: collection.collectionName, index })
    expect(await change({ name: 't_1', expireAfterSeconds: 20 })).toEqual({
      expireAfterSeconds_old: 10,
      expireAfterSeconds_new: 20,
      ok: 1,
    })
    expect(await change({ keyPattern: { t: 1 }, hidden: true })).toEqual({ hidden_old: false, hidden_new: true, ok: 1 })
    expect(await codeOf(change({ name: 'nothing', hidden: true }))).toBe(27)
  })
})
