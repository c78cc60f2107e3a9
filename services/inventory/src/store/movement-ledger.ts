import { isOnlyDuplicates } from '@tradewind/database/bulk-errors'
import { type Db, type Filter } from 'mongodb'
import { type Movement, type Stock, stockId } from '../domain/stock.ts'

export interface LedgerEntry extends Omit<Movement, 'id'> {
  readonly _id: string
  readonly stockId: string
  readonly sku: string
  readonly locationId: string
}

/** Where an entry stands among all, newest first. */
export type LedgerPlace = readonly [at: number, seq: number, id: string]

export interface MovementQuery {
  readonly sku?: string | undefined
  readonly locationId?: string | undefined
  readonly orderId?: string | undefined
  readonly after?: LedgerPlace | undefined
  readonly limit: number
}

export interface LedgerStock {
  readonly id: string
  readonly sku: string
  readonly locationId: string
  readonly sum: number
  readonly lastSeq: number
}

/** Every movement of every stock, append-only. Its sum is what is on hand. */
export interface MovementLedger {
  /** Appends the movements of these stocks that are not there yet; repeating it changes nothing. */
  readonly append: (stocks: readonly Pick<Stock, 'id' | 'sku' | 'locationId' | 'movements'>[]) => Promise<void>
  /** The first that it has of these. */
  readonly findAny: (ids: readonly string[]) => Promise<Movement | null>
  /** Newest first, `limit + 1` at most. */
  readonly page: (query: MovementQuery) => Promise<LedgerEntry[]>
  /** What the movements of a stock up to a number come to, without those named. */
  readonly sumOf: (stockId: string, upTo: number, except: readonly string[]) => Promise<number>
  /** What all movements of a stock come to, without those named, and the highest number of one. */
  readonly totalOf: (stockId: string, except: readonly string[]) => Promise<{ sum: number; lastSeq: number }>
  /** Those of these orders at one stock. */
  readonly ofOrders: (stockId: string, orderIds: readonly string[]) => Promise<Movement[]>
  /** Those that it has of these. */
  readonly findAll: (ids: readonly string[]) => Promise<Movement[]>
  /** Those of a stock that were made since. */
  readonly since: (stockId: string, at: Date) => Promise<Movement[]>
  /** Stocks that have movements, with the sum and the highest number, in the order of their ids. */
  readonly stocks: (after: string, limit: number) => Promise<LedgerStock[]>
}

export function createMovementLedger(db: Db): MovementLedger {
  const collection = db.collection<LedgerEntry>('movements')
  const find = async (filter: Filter<LedgerEntry>): Promise<Movement[]> => {
    const projection = { stockId: 0, sku: 0, locationId: 0 }
    const found = await collection.find(filter, { projection }).sort({ seq: 1 }).toArray()
    return found.map(({ _id: id, ...movement }) => ({ id, ...movement }))
  }
  return {
    append: async (stocks) => {
      const entries = stocks.flatMap(({ id, sku, locationId, movements }) =>
        movements.map(({ id: _id, ...movement }) => ({ _id, stockId: id, sku, locationId, ...movement })),
      )
      if (entries.length === 0) return
      try {
        await collection.insertMany(entries, { ordered: false })
      } catch (error) {
        if (!isOnlyDuplicates(error)) throw error
      }
    },
    findAny: async (ids) => {
      const found = await collection.findOne({ _id: { $in: [...ids] } })
      return found === null ? null : { ...found, id: found._id }
    },
    page: ({ limit, after, ...filters }) =>
      collection
        .find({ $and: [matching(filters), ...(after === undefined ? [] : [behind(after)])] })
        .sort({ at: -1, seq: -1, _id: -1 })
        .limit(limit + 1)
        .toArray(),
    sumOf: async (id, upTo, except) => {
      const [found] = await collection
        .aggregate<{ sum: number }>([
          { $match: { stockId: id, seq: { $lte: upTo }, _id: { $nin: [...except] } } },
          { $group: { _id: null, sum: { $sum: '$delta' } } },
        ])
        .toArray()
      return found?.sum ?? 0
    },
    totalOf: async (id, except) => {
      const [found] = await collection
        .aggregate<{ sum: number; lastSeq: number }>([
          { $match: { stockId: id, _id: { $nin: [...except] } } },
          { $group: { _id: null, sum: { $sum: '$delta' }, lastSeq: { $max: '$seq' } } },
        ])
        .toArray()
      return { sum: found?.sum ?? 0, lastSeq: found?.lastSeq ?? 0 }
    },
    ofOrders: (id, orderIds) => find({ stockId: id, orderId: { $in: [...orderIds] } }),
    findAll: (ids) => find({ _id: { $in: [...ids] } }),
    since: (id, at) => find({ stockId: id, at: { $gte: at } }),
    stocks: async (after, limit) => {
      const found = await collection
        .aggregate<Omit<LedgerStock, 'id'> & { _id: string }>([
          { $match: { stockId: { $gt: after } } },
          {
            $group: {
              _id: '$stockId',
              sku: { $first: '$sku' },
              locationId: { $first: '$locationId' },
              sum: { $sum: '$delta' },
              lastSeq: { $max: '$seq' },
            },
          },
          { $sort: { _id: 1 } },
          { $limit: limit },
        ])
        .toArray()
      return found.map(({ _id, ...one }) => ({ ...one, id: _id }))
    },
  }
}

function matching({ sku, locationId, orderId }: Omit<MovementQuery, 'after' | 'limit'>): Filter<LedgerEntry> {
  const isOneShelf = sku !== undefined && locationId !== undefined
  return {
    ...(isOneShelf && { stockId: stockId(sku, locationId) }),
    ...(!isOneShelf && sku !== undefined && { sku }),
    ...(!isOneShelf && locationId !== undefined && { locationId }),
    ...(orderId !== undefined && { orderId }),
  }
}

function behind([time, seq, id]: LedgerPlace): Filter<LedgerEntry> {
  const at = new Date(time)
  return { $or: [{ at: { $lt: at } }, { at, seq: { $lt: seq } }, { at, seq, _id: { $lt: id } }] }
}
