import { type Aggregates, createAggregateStore, type Stored } from '@tradewind/database/aggregate-store'
import { idsDueBefore } from '@tradewind/database/due'
import type { Db } from 'mongodb'
import type { DiscountCode } from '../domain/discount-code.ts'
import type { DiscountUses } from '../domain/discount-uses.ts'

export type StoredDiscountCode = DiscountCode & Stored

export interface DiscountRepository {
  readonly codes: Aggregates<DiscountCode>
  readonly uses: Aggregates<DiscountUses>
  /** By code, `limit + 1` at most, so that the caller sees whether there are more. */
  readonly list: (after: string | undefined, limit: number) => Promise<StoredDiscountCode[]>
  /** Uses with claims that are to be looked at. */
  readonly dueBefore: (now: Date, limit: number) => Promise<string[]>
}

export function createDiscountRepository(db: Db, now: () => Date): DiscountRepository {
  const codes = createAggregateStore<DiscountCode>(db, 'discount_codes', { now })
  const uses = createAggregateStore<DiscountUses>(db, 'discount_uses', { now })
  return {
    codes,
    uses,
    list: async (after, limit) => {
      const found = await codes.collection
        .find(after === undefined ? {} : { _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit + 1)
        .toArray()
      return found.map(codes.toState)
    },
    dueBefore: (before, limit) => idsDueBefore(uses.collection, before, limit),
  }
}
