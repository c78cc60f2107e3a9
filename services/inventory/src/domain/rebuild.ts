import { type Hold, isOfAttempt, rebuiltToken } from './holds.ts'
import { type Allocation, isAt, type Reservation } from './reservation.ts'
import { returnedFrom } from './restock.ts'
import {
  type Backorder,
  commitHold,
  heldUnits,
  type Movement,
  restock,
  restockId,
  restockMovementId,
  returnUnits,
  type Stock,
  served,
  stockId,
} from './stock.ts'
import { inId, outId, putFromTransfer, type Transfer, takeForTransfer } from './transfer.ts'

type Made = ReadonlyMap<string, Pick<Movement, 'id' | 'kind' | 'delta' | 'orderId'>>
type Place = Pick<Stock, 'id' | 'sku' | 'locationId'>

/** What is known of a stock without its document. */
export interface Evidence {
  /** What all its movements come to. */
  readonly sum: number
  /** The highest number of a movement. */
  readonly lastSeq: number
  /** The document is gone, or was begun again by somebody who found none. */
  readonly isLost: boolean
  /** Those that have something here, or had when the ledger did not know of it yet, oldest first. */
  readonly reservations: readonly Reservation[]
  readonly transfers: readonly Transfer[]
  /** Movements of these reservations and transfers here, by their ids. */
  readonly made: Made
  /** Movements that somebody may just be repeating. */
  readonly recent: readonly Movement[]
}

/** What stands on a shelf for an order. */
interface Share {
  readonly own: Pick<Hold, 'orderId' | 'plan' | 'token'>
  readonly held: number
  readonly waiting: number
  /** The order is committed, here at least: what stands here is sold, and what waits is when it comes. */
  readonly isSold: boolean
  /** Who goes without where the movements come to too few, last first. Missing for what was sold and has come back. */
  readonly rank?: keyof typeof ranks
}

/** What left the shelf; what is promised; what is just being taken, of which nobody knows whether it was here. */
const ranks = { sold: 0, promised: 1, tentative: 2 } as const

const restockOfAll = ({ id }: Reservation, place: Place) => restockId(id, place.id)
const allocationAt = ({ allocations }: Reservation, place: Place) => allocations.find((one) => isAt(one, place))

/** Units that an order bought here and that are still to leave the shelf: neither sold nor given up by a return. */
function unsoldUnits(reservation: Reservation, { quantity }: Allocation, place: Place, made: Made): number {
  const sold = soldUnits(reservation, made)
  const givenUp = (reservation.restocks ?? []).flatMap(({ id, placements }) =>
    placements
      .filter((one) => isAt(one, place) && one.fromLocationId === place.locationId)
      .map((one) => one.quantity - (made.get(restockMovementId(id, place.id))?.delta ?? one.quantity)),
  )
  return givenUp.reduce((left, units) => left - units, quantity - sold)
}

const soldUnits = ({ id }: Reservation, made: Made): number =>
  [...made.values()]
    .filter(({ kind, orderId }) => kind === 'sale' && orderId === id)
    .reduce((sum, { delta }) => sum - delta, 0)

/** What must stand on a shelf for a reservation. Undefined when nothing must. */
function shareOf(reservation: Reservation, place: Place, made: Made): Share | undefined {
  const allocation = allocationAt(reservation, place)
  if (allocation === undefined) return undefined
  const { id: orderId, plan, status, wasCommitted = false } = reservation
  const { quantity, backordered = 0, token } = allocation
  const own = { orderId, plan, ...(token !== undefined && { token }) }
  switch (status) {
    case 'holding':
      // Whoever is taking it may say so at any moment, by a token that nobody else knows.
      return {
        own: { orderId, plan, token: rebuiltToken },
        held: quantity - backordered,
        waiting: backordered,
        isSold: false,
        rank: 'tentative',
      }
    case 'held':
      return { own, held: quantity - backordered, waiting: backordered, isSold: false, rank: 'promised' }
    case 'releasing':
    case 'released':
    case 'expired':
      if (!wasCommitted || made.has(restockOfAll(reservation, place))) return undefined
      break
    case 'committing':
    case 'committed':
      break
    case 'rejected':
      return undefined
  }
  const left = unsoldUnits(reservation, allocation, place, made)
  if (left <= 0) return undefined
  const sold = soldUnits(reservation, made)
  const held = Math.max(0, Math.min(left, quantity - backordered - sold))
  const share = { own, held, waiting: left - held, isSold: status === 'committed' || sold > 0 }
  if (status === 'released' || status === 'expired') return share
  return { ...share, rank: status === 'committed' ? 'sold' : 'promised' }
}

const isOwn = ({ own, rank }: Share) => {
  const { orderId, plan, token } = own
  return (one: Hold | Backorder) =>
    one.orderId === orderId && one.plan === plan && (rank === 'tentative' || isOfAttempt(one, token))
}

/** Units that a reservation must have on a shelf and does not. `made` are the movements of its order there. */
export function missingUnits(stock: Stock | undefined, reservation: Reservation, place: Place, made: Made): number {
  const share = shareOf(reservation, place, made)
  if (share === undefined) return 0
  const there = [...(stock?.holds ?? []), ...(stock?.backorders ?? [])].filter(isOwn(share))
  return there.reduce((missing, { quantity }) => missing - quantity, share.held + share.waiting)
}

/** Units that came back to this shelf and whose movement was lost with it. */
function lostReturns({ id: orderId, restocks = [], allocations }: Reservation, place: Place, made: Made) {
  const done = restocks.filter(({ isDone }) => isDone)
  return done.flatMap(({ id, reason, placements }) =>
    placements
      .filter((one) => isAt(one, place))
      .map(({ sku, fromLocationId, quantity }) => {
        const from = { sku, locationId: fromLocationId }
        return {
          id: restockMovementId(id, stockId(sku, fromLocationId)),
          orderId,
          quantity,
          reason,
          isWhereSold: fromLocationId === place.locationId,
          token: allocations.find((one) => isAt(one, from))?.token,
        }
      })
      .filter((returned) => !made.has(returned.id)),
  )
}

/** True when a stock cannot be rebuilt without this reservation. */
export const bearsOn = (reservation: Reservation, place: Place, made: Made): boolean =>
  shareOf(reservation, place, made) !== undefined ||
  wasGivenUp(reservation, place, made) ||
  lostReturns(reservation, place, made).length > 0

/** True when a leg of this transfer was carried out here and its movement was lost. */
export const wasMovedHere = (transfer: Transfer, place: Place, made: Made): boolean =>
  isLostTake(transfer, place, made) || isLostPut(transfer, place, made)

const isLostTake = ({ id, sku, fromLocationId, status }: Transfer, place: Place, made: Made) =>
  isAt({ sku, locationId: fromLocationId }, place) && (status === 'taken' || status === 'done') && !made.has(outId(id))

const isLostPut = ({ id, sku, toLocationId, status }: Transfer, place: Place, made: Made) =>
  isAt({ sku, locationId: toLocationId }, place) && status === 'done' && !made.has(inId(id))

export type Rebuilt =
  /** The stock, and the orders and transfers whose units it has not. */
  | { readonly stock: Stock; readonly without: readonly string[] }
  /** How many units the movements come to too few for what orders have. */
  | { readonly missing: number }

/**
 * A stock as its movements, reservations and transfers have it, whether its document is damaged, was lost, or was begun again
 * by somebody who found none. What reservations and transfers have done and no movement shows is done once more. Gives the
 * same object when nothing is wrong. A lost stock comes back also where it cannot have everything, so that people can go on.
 */
export function rebuiltStock(before: Stock, evidence: Evidence, now: Date): Rebuilt {
  const all = evidence.reservations.flatMap((one) => shareOf(one, before, evidence.made) ?? [])
  const certain = all.filter(({ rank }) => rank !== 'tentative')
  if (!evidence.isLost) return rebuiltWith(before, certain, certain, evidence, now)
  let shares = all
  for (;;) {
    const rebuilt = rebuiltWith(before, shares, certain, evidence, now)
    if ('stock' in rebuilt) return rebuilt
    const fewer = withoutLast(shares, rebuilt.missing)
    if (fewer.length === shares.length) return rebuilt
    shares = fewer
  }
}

/** Without those that came last, until so many units are free. */
function withoutLast(shares: readonly Share[], units: number): Share[] {
  const lastFirst = shares
    .flatMap((share) => (share.rank === undefined || share.held === 0 ? [] : [{ share, rank: ranks[share.rank] }]))
    .toReversed()
    .toSorted((a, b) => b.rank - a.rank)
  const gone = new Set<Share>()
  let freed = 0
  for (const { share } of lastFirst) {
    if (freed >= units) break
    gone.add(share)
    freed += share.held
  }
  return shares.filter((share) => !gone.has(share))
}

function rebuiltWith(
  before: Stock,
  shares: readonly Share[],
  wanted: readonly Share[],
  evidence: Evidence,
  now: Date,
): Rebuilt {
  const { reservations, transfers, made } = evidence
  const [first, late] = takenFrom(
    withShares(before, shares, evidence, now),
    transfers.filter((one) => isLostTake(one, before, made)),
    now,
  )
  const givenUp = reservations.filter((one) => wasGivenUp(one, before, made))
  // What came in for an order that was given up was its own before it went back.
  let next = givenUp.length > 0 ? served(first, now) : first
  for (const one of reservations) {
    for (const returned of lostReturns(one, before, made)) next = returnUnits(next, returned, now)
  }
  for (const one of givenUp) {
    const { quantity = 0, token } = allocationAt(one, before) ?? {}
    const back = quantity - returnedFrom(one, { sku: before.sku, locationId: before.locationId, quantity })
    next = restock(next, one.id, back, now, token)
  }
  for (const one of transfers) if (isLostPut(one, before, made)) next = putFromTransfer(next, one, now)
  for (const { own, isSold } of shares) if (isSold) next = commitHold(next, own.orderId, now, own.token)
  const [last, impossible] = takenFrom(next, late, now)
  if (last.available < 0) return { missing: -last.available }
  const unheld = wanted.filter((one) => !shares.includes(one)).map(({ own }) => own.orderId)
  return { stock: served(last, now), without: [...unheld, ...impossible.map(({ id }) => id)] }
}

/** Takes for these transfers what is there, and gives back those for which there is not enough. */
function takenFrom(stock: Stock, transfers: readonly Transfer[], now: Date): readonly [Stock, readonly Transfer[]] {
  let next = stock
  const late = transfers.filter((one) => {
    if (next.available < one.quantity) return true
    next = takeForTransfer(next, one, now)
    return false
  })
  return [next, late]
}

/** Everything was sold and has come back, but the movement was lost. */
const wasGivenUp = (reservation: Reservation, place: Place, made: Made): boolean => {
  const { status, wasCommitted = false } = reservation
  const hasEnded = status === 'released' || status === 'expired'
  const wasHere = allocationAt(reservation, place) !== undefined
  return hasEnded && wasCommitted && wasHere && !made.has(restockOfAll(reservation, place))
}

/** With the numbers that the movements come to, and with what orders have here that is not there. */
function withShares(before: Stock, shares: readonly Share[], { sum, lastSeq, recent }: Evidence, now: Date): Stock {
  const missing = shares.filter((share) => {
    const there = [...before.holds, ...(before.backorders ?? [])].filter(isOwn(share))
    return there.reduce((units, { quantity }) => units + quantity, 0) !== share.held + share.waiting
  })
  const replaced = new Set(missing.map(({ own }) => own.orderId))
  const movementCount = Math.max(before.movementCount ?? 0, lastSeq)
  const available = sum - heldUnits(before)
  const isCounted = before.onHand === sum && before.available === available
  if (missing.length === 0 && isCounted && (before.movementCount ?? 0) === movementCount) return before
  const holds = [
    ...before.holds.filter(({ orderId }) => !replaced.has(orderId)),
    ...missing.flatMap(({ own, held: quantity }) => (quantity > 0 ? [{ ...own, quantity }] : [])),
  ]
  // Who waited before the document was lost waited first.
  const backorders = [
    ...missing.flatMap(({ own, waiting: quantity, isSold }) =>
      quantity > 0 ? [{ ...own, quantity, ...(isSold && { isSold }) }] : [],
    ),
    ...(before.backorders ?? []).filter(({ orderId }) => !replaced.has(orderId)),
  ]
  const known = new Set(before.movements.map(({ id }) => id))
  const remembered = recent
    .filter(({ id, kind }) => kind !== 'sale' && !known.has(id))
    .map((movement) => ({ ...movement, archived: true, archivedAt: now }))
  const { backorders: _before, ...rest } = before
  const next = { ...rest, onHand: sum, holds, movements: [...remembered, ...before.movements], movementCount }
  return { ...next, available: sum - heldUnits(next), ...(backorders.length > 0 && { backorders }) }
}
