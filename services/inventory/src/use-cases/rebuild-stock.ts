import type { Stored } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import { stockProblems } from '../domain/consistency.ts'
import { bearsOn, type Evidence, missingUnits, rebuiltStock, wasMovedHere } from '../domain/rebuild.ts'
import type { Reservation } from '../domain/reservation.ts'
import { emptyStock, type Movement, repeatableForMs, type Stock, stockId } from '../domain/stock.ts'
import { inId, outId, type Transfer } from '../domain/transfer.ts'
import type { LedgerStock, MovementLedger } from '../store/movement-ledger.ts'
import type { ReservationRepository } from '../store/reservation.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import type { TransferRepository } from '../store/transfer.repository.ts'
import { changedStock } from './change-stock.ts'
import { movementSum, movementsOf } from './check-stock.ts'
import { levelsOf, type Note, type Repair, type RepairedPage, type RepairStock } from './repair-stock.ts'

interface Ports {
  readonly stock: StockRepository
  readonly reservations: ReservationRepository
  readonly transfers: TransferRepository
  readonly ledger: MovementLedger
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

type Place = Pick<Stock, 'id' | 'sku' | 'locationId'>

/** How often a stock may change under its repair before it is left for another time. */
const maxTries = 10
const evidencePage = 500

/** Orders and transfers that a note names. */
const namedIds = 20

const lostForGood =
  'Brought back. What nothing else tells of is gone: its threshold, and adjustments, counts and imported rows of the last ' +
  'seconds before the loss. Compare it with the audit log, set the threshold again, and count it.'
const tooFewFor = (ids: readonly string[]) =>
  `The movements come to too few units for ${ids.slice(0, namedIds).join(', ')}` +
  `${ids.length > namedIds ? ` and ${ids.length - namedIds} more` : ''}. Orders among them are not sold until then. Count the ` +
  'shelf and rebuild again, or cancel these orders.'
const tooFew = (missing: number) =>
  `Not rebuilt: orders have ${missing} units more here than the movements come to. Add what is there with an adjustment, or ` +
  'cancel orders, and rebuild again.'
const tooBusy = 'Not rebuilt: it changed with every try. Rebuild again.'

/**
 * Brings lost stock back, and sets stock that does not agree with its movements, or lacks what orders have there, to what they
 * come to. First every stock of the ledger, then those that only reservations know. Any number may run at once, and
 * everything else goes on: each write is guarded by the document that it was worked out from.
 */
export const makeRebuildStock = (ports: Ports): RepairStock => {
  const { stock, reservations, transfers, ledger, now, newId } = ports

  async function evidenceFor(read: Stock | undefined, place: Stock): Promise<Evidence> {
    const own = place.movements.filter(({ archived }) => archived !== true)
    const { sum, lastSeq } = await ledger.totalOf(
      place.id,
      own.map(({ id }) => id),
    )
    const made = new Map<string, Movement>()
    const bearing: (Reservation & Stored)[] = []
    for await (const page of pages((after) => reservations.walkSku(place.sku, after, evidencePage))) {
      const movements = await movementsOf(
        ledger,
        place,
        page.map(({ id }) => id),
      )
      for (const one of page.filter((each) => bearsOn(each, place, movements))) {
        bearing.push(one)
        for (const movement of movements.values()) if (movement.orderId === one.id) made.set(movement.id, movement)
      }
    }
    const moved: Transfer[] = []
    for await (const page of pages((after) => transfers.walkSku(place.sku, after, evidencePage))) {
      const known = await ledger.findAll(page.flatMap(({ id }) => [outId(id), inId(id)]))
      const movements = new Map([...known, ...place.movements].map((movement) => [movement.id, movement]))
      moved.push(...page.filter((each) => wasMovedHere(each, place, movements)))
    }
    return {
      sum: own.reduce((total, { delta }) => total + delta, sum),
      lastSeq,
      isLost: read === undefined || lastSeq > (read.movementCount ?? 0),
      reservations: bearing.toSorted(byAge),
      transfers: moved,
      made,
      recent: await ledger.since(place.id, new Date(now().getTime() - repeatableForMs)),
    }
  }

  /** Writes it, unless it has changed since it was read. */
  async function replace(read: (Stock & Stored) | undefined, after: Stock, dryRun: boolean): Promise<boolean> {
    let isCurrent = false
    await stock.upsert(after.id, (before) => {
      isCurrent = before?.version === read?.version
      if (!isCurrent || dryRun) return unchanged()
      return read === undefined ? changed(after) : changedStock(newId, before, after)
    })
    return isCurrent
  }

  async function rebuild({ id, sku, locationId }: Place, dryRun: boolean): Promise<Outcome> {
    let repair: Repair | undefined
    let isLost = false
    let unfinished: readonly string[] = []
    const outcome = (...messages: string[]): Outcome => ({
      repaired: repair === undefined ? [] : [repair],
      notes: [...(isLost && repair !== undefined ? [lostForGood] : []), ...messages].map((message) => ({
        stockId: id,
        message,
      })),
    })
    for (let tries = 1; tries <= maxTries; tries += 1) {
      const read = await stock.find(id)
      const before = read ?? emptyStock(sku, locationId)
      const evidence = await evidenceFor(read, before)
      const rebuilt = rebuiltStock(before, evidence, now())
      if ('missing' in rebuilt) return outcome(...(unfinished.length > 0 ? unfinished : [tooFew(rebuilt.missing)]))
      const { stock: after, without } = rebuilt
      const notes = without.length > 0 ? [tooFewFor(without)] : []
      if (read !== undefined && after === before) return outcome(...unfinished)
      if (!(await replace(read, after, dryRun))) continue
      isLost ||= evidence.isLost
      const found = read === undefined ? null : levelsOf(read)
      repair = { stockId: id, before: repair === undefined ? found : repair.before, after: levelsOf(after) }
      // Once more, for what orders confirmed while it was away.
      unfinished = notes
      if (dryRun) return outcome(...unfinished)
    }
    return outcome(tooBusy)
  }

  /** True where a document may be wrong; the look itself is cheap. */
  async function isSuspect({ id, lastSeq }: LedgerStock): Promise<boolean> {
    const read = await stock.find(id)
    if (read === undefined || (read.movementCount ?? 0) < lastSeq) return true
    return stockProblems(read, await movementSum(ledger, read)).length > 0
  }

  async function lacking(reservation: Reservation & Stored): Promise<Place[]> {
    // What is just being taken need not stand anywhere yet.
    if (reservation.status === 'holding') return []
    const found = await Promise.all(
      reservation.allocations.map(async ({ sku, locationId }): Promise<Place[]> => {
        const place = { id: stockId(sku, locationId), sku, locationId }
        const shelf = await stock.find(place.id)
        const made = await movementsOf(ledger, shelf ?? place, [reservation.id])
        return missingUnits(shelf, reservation, place, made) > 0 ? [place] : []
      }),
    )
    return found.flat()
  }

  async function ofLedger(after: string, limit: number) {
    const entries = await ledger.stocks(after, limit)
    const suspects = await Promise.all(entries.map(async (entry) => ((await isSuspect(entry)) ? [entry] : [])))
    return { checked: entries.length, suspects: suspects.flat(), last: entries.at(-1)?.id }
  }

  async function ofReservations(after: string, limit: number) {
    const found = await reservations.walkOpen(after, limit)
    const places = (await Promise.all(found.map(lacking))).flat()
    const suspects = [...new Map(places.map((place) => [place.id, place])).values()]
    return { checked: found.length, suspects, last: found.at(-1)?.id }
  }

  return async ([phase, after] = ['stock', ''], limit, dryRun): Promise<RepairedPage> => {
    const page = phase === 'stock' ? ofLedger : ofReservations
    const { checked, suspects, last } = await page(after, limit)
    const outcomes: Outcome[] = []
    // One after another: each may read every reservation of its SKU.
    for (const place of suspects) outcomes.push(await rebuild(place, dryRun))
    return {
      checked,
      repaired: outcomes.flatMap(({ repaired }) => repaired),
      notes: outcomes.flatMap(({ notes }) => notes),
      next: nextPlace(phase, checked === limit ? last : undefined),
    }
  }
}

interface Outcome {
  readonly repaired: readonly Repair[]
  readonly notes: readonly Note[]
}

function nextPlace(phase: 'stock' | 'reservations', last: string | undefined): RepairedPage['next'] {
  if (last !== undefined) return [phase, last]
  return phase === 'stock' ? ['reservations', ''] : undefined
}

const byAge = (a: Reservation & Stored, b: Reservation & Stored) =>
  a.createdAt.getTime() - b.createdAt.getTime() || (a.id < b.id ? -1 : 1)

async function* pages<T extends { readonly id: string }>(
  read: (after: string) => Promise<readonly T[]>,
): AsyncGenerator<readonly T[]> {
  for (let after: string | undefined = ''; after !== undefined; ) {
    const page: readonly T[] = await read(after)
    yield page
    after = page.length === evidencePage ? page.at(-1)?.id : undefined
  }
}
