import { randomUUID } from 'node:crypto'
import type { Collection } from 'mongodb'

export interface Item {
  readonly _id: string
  readonly owner: string
  readonly version: number
  readonly available: number
  readonly updatedAt: Date
  readonly holds: readonly { orderId: string; quantity: number }[]
  readonly text: string
}

/** One thing that clients do again and again. `documents` per call are what the rate counts. */
export interface Workload {
  readonly name: string
  /** The least ratio to the ceiling that issue B asks for; undefined where the figure is only stated. */
  readonly target: number | undefined
  readonly documentsPerCall: number
  readonly call: (items: Collection<Item>, count: number, turn: number) => Promise<unknown>
}

export const owners = 500
export const idOf = (number: number): string => `item-${number}`

export const newItem = (id: string, number: number): Item => ({
  _id: id,
  owner: `owner-${number % owners}`,
  version: 1,
  available: 1_000_000,
  updatedAt: new Date(),
  holds: [],
  text: 'x'.repeat(200),
})

const any = (count: number) => Math.floor(Math.random() * count)
const bulkSize = 100

export const workloads: readonly Workload[] = [
  {
    name: 'insert, durable',
    target: 0.75,
    documentsPerCall: 1,
    call: (items, _count, turn) => items.insertOne(newItem(randomUUID(), turn)),
  },
  {
    name: 'conditional update by _id, durable',
    target: 0.75,
    documentsPerCall: 1,
    call: (items, count) =>
      items.updateOne(
        { _id: idOf(any(count)), available: { $gte: 1 }, 'holds.orderId': { $ne: 'x' } },
        { $inc: { available: -1, version: 1 }, $set: { updatedAt: new Date() } },
      ),
  },
  {
    name: 'read by _id',
    target: 0.85,
    documentsPerCall: 1,
    call: (items, count) => items.findOne({ _id: idOf(any(count)) }),
  },
  {
    name: 'read by a secondary index',
    target: 0.7,
    documentsPerCall: 1,
    call: (items) => items.findOne({ owner: `owner-${any(owners)}` }),
  },
  {
    name: 'conditional update by a secondary index, durable',
    target: 0.7,
    documentsPerCall: 1,
    call: (items) =>
      items.updateOne(
        { owner: `owner-${any(owners)}`, available: { $gte: 1 } },
        { $inc: { available: -1, version: 1 }, $set: { updatedAt: new Date() } },
      ),
  },
  {
    name: `bulkWrite of ${bulkSize} conditional updates, durable`,
    target: undefined,
    documentsPerCall: bulkSize,
    call: (items, count) =>
      items.bulkWrite(
        Array.from({ length: bulkSize }, () => ({
          updateOne: {
            filter: { _id: idOf(any(count)), available: { $gte: 1 } },
            update: { $inc: { available: -1, version: 1 } },
          },
        })),
        { ordered: false },
      ),
  },
  {
    name: `insertMany of ${bulkSize}, durable`,
    target: undefined,
    documentsPerCall: bulkSize,
    call: (items, _count, turn) =>
      items.insertMany(
        Array.from({ length: bulkSize }, () => newItem(randomUUID(), turn)),
        { ordered: false },
      ),
  },
]
