import type { Document } from 'mongodb'
import { beforeAll, describe, expect, test } from 'vitest'
import { codeOf, idsOf, useServer } from '../support/mongo.ts'

const mongo = useServer()

describe('$text', () => {
  beforeAll(async () => {
    const collection = mongo.collection('texts')
    await collection.createIndex({ t: 'text', d: 'text' })
    await collection.insertMany([
      { _id: 1, t: 'Coffee Shop', d: 'the best coffee in town' },
      { _id: 2, t: 'Tea house', d: 'tea and cakes' },
      { _id: 3, t: 'Café crème', d: 'coffee cakes' },
    ])
  })

  async function found($text: Document, rest: Document = {}): Promise<unknown[]> {
    const filter: Document = { $text, ...rest }
    return idsOf(await mongo.collection('texts').find(filter).sort({ _id: 1 }).toArray())
  }

  const cases: [string, Document, unknown[]][] = [
    ['a word', { $search: 'coffee' }, [1, 3]],
    ['any of several', { $search: 'tea coffee' }, [1, 2, 3]],
    ['a phrase', { $search: '"best coffee"' }, [1]],
    ['without a word', { $search: 'coffee -shop' }, [3]],
    ['the plural by the singular', { $search: 'cake' }, [2, 3]],
    ['no words that everybody uses', { $search: 'the' }, []],
    ['letters without their marks', { $search: 'cafe' }, [3]],
    ['letters with their marks only', { $search: 'cafe', $diacriticSensitive: true }, []],
    ['letters by their case', { $search: 'Coffee', $caseSensitive: true }, [1]],
    ['without a word by its case', { $search: 'coffee -Shop', $caseSensitive: true }, [3]],
  ]
  test.each(cases)('finds %s', async (_, text, ids) => {
    expect(await found(text)).toEqual(ids)
  })

  test('goes together with other conditions, but not as one of several', async () => {
    expect(await found({ $search: 'coffee' }, { _id: { $gt: 1 } })).toEqual([3])
    const either = { $or: [{ $text: { $search: 'tea' } }, { x: 1 }] }
    expect(await codeOf(mongo.collection('texts').find(either).toArray())).toBe(291)
  })

  test('refuses what is no text, and a collection without its index', async () => {
    expect(await codeOf(found({ $search: 5 }))).toBe(14)
    expect(await codeOf(found({ $search: 'x', $caseSensitive: 1 }))).toBe(14)
    const plain = mongo.collection()
    await plain.insertOne({ t: 'x' })
    expect(await codeOf(plain.find({ $text: { $search: 'x' } }).toArray())).toBe(27)
  })
})
