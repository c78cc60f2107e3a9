import { isLeaked, ordersOn, stockProblems, type Violation } from '../domain/consistency.ts'
import { missingUnits } from '../domain/rebuild.ts'
import type { Reservation } from '../domain/reservation.ts'
import { type Movement, type Stock, stockId } from '../domain/stock.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'

/** First every stock, then every stock that the ledger knows, then every reservation that may have units on one. */
export const checkPhases = ['stock', 'ledger', 'reservations'] as const
export type CheckPlace = readonly [phase: (typeof checkPhases)[number], after: string]

export interface CheckedPage {
  readonly checked: number
  readonly violations: readonly Violation[]
  readonly next: CheckPlace | undefined
}

/** One page of the whole check. Everything may go on meanwhile: what is reported was so at one moment. */
export type CheckStock = (place: CheckPlace | undefined, limit: number) => Promise<CheckedPage>

interface Ports {
  readonly stock: StockRepository
  readonly reservations: ReservationRepository
  readonly ledger: MovementLedger
}

export const makeCheckStock = (ports: Ports): CheckStock => {
  const { stock, reservations, ledger } = ports

  async function ofStock(one: Stock): Promise<Violation[]> {
    const sum = await movementSum(ledger, one)
    const owners = await reservations.findMany(ordersOn(one))
    const unpaid = (one.backorders ?? []).filter(({ isSold }) => isSold !== true)
    const leaks = [...one.holds, ...unpaid].filter((hold) => isLeaked(hold, one, owners.get(hold.orderId)))
    return [
      ...stockProblems(one, sum),
      ...leaks.map((hold): Violation => {
        const owner = owners.get(hold.orderId)
        const message = `${hold.quantity} for ${hold.orderId}, whose reservation is ${owner?.status ?? 'missing'}`
        return { stockId: one.id, problem: 'leaked_hold', message, documents: [one, ...(owner ? [owner] : [])] }
      }),
    ]
  }

  async function ofReservation(one: Reservation & { version: number }): Promise<Violation[]> {
    if (one.status !== 'held' && one.status !== 'committed') return []
    const found = await Promise.all(
      one.allocations.map(async ({ sku, locationId, quantity }): Promise<Violation[]> => {
        const id = stockId(sku, locationId)
        const shelf = await stock.find(id)
        const place = shelf ?? { id, sku, locationId }
        const missing = missingUnits(shelf, one, place, await movementsOf(ledger, place, [one.id]))
        if (missing <= 0) return []
        const lack = one.status === 'held' ? 'are not held' : 'were bought and neither sold nor waited for'
        const message = `${missing} of ${quantity} ${lack} for ${one.id}`
        return [{ stockId: id, problem: 'hold_missing', message, documents: [one, ...(shelf ? [shelf] : [])] }]
      }),
    )
    if (found.flat().length === 0) return []
    // It may just have been committed or released: then its shelves were right to change.
    return (await reservations.find(one.id))?.version === one.version ? found.flat() : []
  }

  async function lost(after: string, limit: number): Promise<Omit<CheckedPage, 'next'> & { last: string | undefined }> {
    const entries = await ledger.stocks(after, limit)
    const violations = await Promise.all(
      entries.map(async (entry): Promise<Violation[]> => {
        const found = await stock.find(entry.id)
        const { movementCount = 0 } = found ?? {}
        if (found !== undefined && movementCount >= entry.lastSeq) return []
        const message =
          found === undefined
            ? `movements sum to ${entry.sum}, but the stock is gone; rebuild it, then set its threshold again`
            : `the stock was lost and begun again: it counts ${movementCount} of ${entry.lastSeq} movements; rebuild it`
        return [{ stockId: entry.id, problem: 'stock_missing', message, documents: [entry, ...(found ? [found] : [])] }]
      }),
    )
    return { checked: entries.length, violations: violations.flat(), last: entries.at(-1)?.id }
  }

  async function page([phase, after]: CheckPlace, limit: number) {
    if (phase === 'ledger') return lost(after, limit)
    if (phase === 'stock') {
      const found = await stock.walk(after, limit)
      const violations = await Promise.all(found.map(ofStock))
      return { checked: found.length, violations: violations.flat(), last: found.at(-1)?.id }
    }
    const found = await reservations.walkOpen(after, limit)
    const violations = await Promise.all(found.map(ofReservation))
    return { checked: found.length, violations: violations.flat(), last: found.at(-1)?.id }
  }

  return async (place = ['stock', ''], limit) => {
    const { checked, violations, last } = await page(place, limit)
    if (checked === limit && last !== undefined) return { checked, violations, next: [place[0], last] }
    const nextPhase = checkPhases[checkPhases.indexOf(place[0]) + 1]
    return { checked, violations, next: nextPhase === undefined ? undefined : [nextPhase, ''] }
  }
}

/** What the movements of a stock come to as it was read: those the ledger has, and those it still carries itself. */
export async function movementSum(ledger: MovementLedger, stock: Stock): Promise<number> {
  const waiting = stock.movements.filter(({ archived }) => archived !== true)
  const archived = await ledger.sumOf(
    stock.id,
    stock.movementCount ?? 0,
    waiting.map(({ id }) => id),
  )
  return waiting.reduce((sum, { delta }) => sum + delta, archived)
}

/** Movements of these orders at one stock, by their ids, in the ledger and in the document as it was read before. */
export async function movementsOf(
  ledger: MovementLedger,
  { id, movements = [] }: { readonly id: string; readonly movements?: readonly Movement[] },
  orderIds: readonly string[],
): Promise<ReadonlyMap<string, Movement>> {
  const archived = await ledger.ofOrders(id, orderIds)
  return new Map([...archived, ...movements].map((movement) => [movement.id, movement]))
}
