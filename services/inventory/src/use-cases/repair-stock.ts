import { isLeaked, leakedUpTo, ordersOn } from '../domain/consistency.ts'
import { releaseHold, type Stock } from '../domain/stock.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { changedStock } from './change-stock.ts'

export interface Repair {
  readonly stockId: string
  readonly before: unknown
  readonly after: unknown
}

/** What could not be known again, and what people must decide. */
export interface Note {
  readonly stockId: string
  readonly message: string
}

/** First every stock, then every reservation that may have units on one. */
export const repairPhases = ['stock', 'reservations'] as const
export type RepairPlace = readonly [phase: (typeof repairPhases)[number], after: string]

export interface RepairedPage {
  readonly checked: number
  readonly repaired: readonly Repair[]
  readonly notes: readonly Note[]
  /** Where the next page begins. */
  readonly next: RepairPlace | undefined
}

/** One page of a repair. */
export type RepairStock = (place: RepairPlace | undefined, limit: number, dryRun: boolean) => Promise<RepairedPage>

interface Ports {
  readonly stock: StockRepository
  readonly reservations: ReservationRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const levelsOf = ({ onHand, available, holds, backorders = [] }: Stock): unknown => ({
  onHand,
  available,
  holds,
  backorders,
})

/** Gives back what stands on shelves for reservations that have ended or take elsewhere. */
export const makeReleaseLeakedHolds = ({ stock, reservations, now, newId }: Ports): RepairStock => {
  async function release(one: Stock, dryRun: boolean): Promise<Repair[]> {
    // The stock was read before its reservations: a reservation is written before it holds, so none can be missed.
    const owners = await reservations.findMany(ordersOn(one))
    const unpaid = (one.backorders ?? []).filter(({ isSold }) => isSold !== true)
    const leaked = [...one.holds, ...unpaid].filter((hold) => isLeaked(hold, one, owners.get(hold.orderId)))
    if (leaked.length === 0) return []
    const orders = new Set(leaked.map(({ orderId }) => orderId))
    const released = (from: Stock) =>
      [...orders].reduce(
        (next, orderId) => releaseHold(next, orderId, now(), leakedUpTo(one, owners.get(orderId))),
        from,
      )
    const after = dryRun
      ? released(one)
      : await stock.update(one.id, (before) => changedStock(newId, before, released(before)))
    return [{ stockId: one.id, before: levelsOf(one), after: levelsOf(after) }]
  }

  return async ([, after] = ['stock', ''], limit, dryRun) => {
    const found = await stock.walk(after, limit)
    const repaired = await Promise.all(found.map((one) => release(one, dryRun)))
    const last = found.length === limit ? found.at(-1)?.id : undefined
    return {
      checked: found.length,
      repaired: repaired.flat(),
      notes: [],
      next: last === undefined ? undefined : ['stock', last],
    }
  }
}

/** Walks over all stock again and again, a page with each call, and releases what leaked. Any replica may run it, also at once. */
export function makeSweepLeakedHolds(release: RepairStock): () => Promise<number> {
  let place: RepairPlace | undefined
  return async () => {
    const { repaired, next } = await release(place, sweepPage, false)
    place = next
    return repaired.length
  }
}

const sweepPage = 200
