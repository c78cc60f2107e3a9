import { type Collection, type Db, MongoBulkWriteError } from 'mongodb'
import type { Movement, Stock } from '../domain/stock.ts'

interface LedgerEntry extends Omit<Movement, 'id'> {
  readonly _id: string
  readonly stockId: string
  readonly sku: string
  readonly locationId: string
}

/** Every movement of every stock, append-only. Its sum is what is on hand. */
export interface MovementLedger {
  readonly collection: Collection<LedgerEntry>
  /** Appends what is not there yet; repeating it changes nothing. */
  readonly append: (stock: Stock, movements: readonly Movement[]) => Promise<void>
  readonly find: (id: string) => Promise<LedgerEntry | null>
}

export function createMovementLedger(db: Db): MovementLedger {
  const collection = db.collection<LedgerEntry>('movements')
  return {
    collection,
    append: async ({ id: stockId, sku, locationId }, movements) => {
      const entries = movements.map(({ id: _id, ...movement }) => ({ _id, stockId, sku, locationId, ...movement }))
      try {
        await collection.insertMany(entries, { ordered: false })
      } catch (error) {
        if (!isOnlyDuplicates(error)) throw error
      }
    },
    find: (id) => collection.findOne({ _id: id }),
  }
}

const isOnlyDuplicates = (error: unknown): boolean =>
  error instanceof MongoBulkWriteError && [error.writeErrors].flat().every(({ code }) => code === 11000)
