import { changed, unchanged } from '@tradewind/database/decision'
import { isLeaked, leakedUpTo, ordersOn, rebuiltStock, restoredStock } from '../domain/consistency.ts'
import { emptyStock, releaseHold, type Stock } from '../domain/stock.ts'
import type { LedgerStock, MovementLedger } from '../store/movement-ledger.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { changedStock } from './change-stock.ts'
import { movementSum } from './check-stock.ts'

export interface Repair {
  readonly stockId: string
  readonly before: unknown
  readonly after: unknown
}

export interface RepairedPage {
  readonly checked: number
  readonly repaired: readonly Repair[]
  /** Where the next page begins. */
  readonly last: string | undefined
}

export type RepairStock = (after: string, limit: number, dryRun: boolean) => Promise<RepairedPage>

interface Ports {
  readonly stock: StockRepository
  readonly reservations: ReservationRepository
  readonly ledger: MovementLedger
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** How often a stock may change under its repair before it is left for another time. */
const maxTries = 10

const numbersOf = ({ onHand, available, holds }: Stock) => ({ onHand, available, holds })

/** Sets stock that does not agree with its movements to what they come to, and brings lost stock back. */
export const makeRebuildStock = ({ stock, reservations, ledger, newId }: Ports): RepairStock => {
  async function rebuild(id: string, dryRun: boolean): Promise<Repair[]> {
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const read = await stock.find(id)
      if (read === undefined) return []
      const after = rebuiltStock(read, await movementSum(ledger, read))
      if (after === read || after === undefined) return []
      const repair = { stockId: id, before: numbersOf(read), after: numbersOf(after) }
      if (dryRun) return [repair]
      // Counted on what was read: when it changed meanwhile, the count is made again.
      let isCurrent = false
      await stock.update(id, (before) => {
        isCurrent = before.version === read.version
        return isCurrent ? changedStock(newId, before, after) : unchanged()
      })
      if (isCurrent) return [repair]
    }
    return []
  }

  async function restore({ id, sku, locationId, sum, lastSeq }: LedgerStock, dryRun: boolean): Promise<Repair[]> {
    const after = restoredStock(emptyStock(sku, locationId), sum, lastSeq, await reservations.liveAt(sku, locationId))
    if (after === undefined) return []
    if (!dryRun) await stock.upsert(id, (found) => (found === undefined ? changed(after) : unchanged()))
    return [{ stockId: id, before: null, after: numbersOf(after) }]
  }

  return async (after, limit, dryRun) => {
    const entries = await ledger.stocks(after, limit)
    const repaired = await Promise.all(
      entries.map(async (entry) =>
        (await stock.find(entry.id)) === undefined ? restore(entry, dryRun) : rebuild(entry.id, dryRun),
      ),
    )
    return { checked: entries.length, repaired: repaired.flat(), last: entries.at(-1)?.id }
  }
}

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
    return [{ stockId: one.id, before: numbersOf(one), after: numbersOf(after) }]
  }

  return async (after, limit, dryRun) => {
    const found = await stock.walk(after, limit)
    const repaired = await Promise.all(found.map((one) => release(one, dryRun)))
    return { checked: found.length, repaired: repaired.flat(), last: found.at(-1)?.id }
  }
}

/** Walks over all stock again and again, a page with each call, and releases what leaked. Any replica may run it, also at once. */
export function makeSweepLeakedHolds(release: RepairStock): () => Promise<number> {
  let after = ''
  return async () => {
    const { checked, repaired, last } = await release(after, sweepPage, false)
    after = checked < sweepPage ? '' : (last ?? '')
    return repaired.length
  }
}

const sweepPage = 200
