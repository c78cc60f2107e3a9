import { defineError } from '@tradewind/service-kit/errors'
import type { Restock } from './restock.ts'

/** Units of one SKU taken at one location. */
export interface Allocation {
  readonly sku: string
  readonly locationId: string
  readonly quantity: number
  /** How many of them had to wait for units to come when the plan was made. */
  readonly backordered?: number
  /** Of the attempt that took them, once they are held. */
  readonly token?: string
}

/** True for what is at one shelf: a SKU at a location. */
export const isAt = (
  one: Pick<Allocation, 'sku' | 'locationId'>,
  { sku, locationId }: Pick<Allocation, 'sku' | 'locationId'>,
): boolean => one.sku === sku && one.locationId === locationId

export interface Demand {
  readonly sku: string
  readonly quantity: number
}

export interface Shortage {
  readonly sku: string
  readonly requested: number
  readonly available: number
}

export type ReservationStatus =
  | 'holding'
  | 'held'
  | 'rejected'
  | 'committing'
  | 'committed'
  | 'releasing'
  | 'released'
  | 'expired'

/**
 * What an order has been promised. The decision is written here before any stock document follows it, and its ends are
 * tombstones: a message that comes late finds them and takes nothing.
 *
 * holding → held → committing → committed, or holding → rejected; from anywhere before the end → releasing → released or
 * expired; a committed one that is released goes back into stock.
 */
export interface Reservation {
  /** The order's id. */
  readonly id: string
  readonly status: ReservationStatus
  readonly demand: readonly Demand[]
  /** Where units are, or may be, held. Recorded before they are taken. */
  readonly allocations: readonly Allocation[]
  /** Counts the plans, from 1. */
  readonly plan: number
  /** Shelves of earlier plans, where a handler that was slow may still have taken something. */
  readonly givenUp?: readonly Allocation[]
  readonly expiresAt: Date
  /** What a release ends as. */
  readonly releaseAs?: 'released' | 'expired'
  /** True when a release found the units committed, so that what has no hold must be put back. */
  readonly wasCommitted?: boolean
  /** Partial releases that were decided, so that a repetition finds them. */
  readonly releases?: readonly string[]
  /** Units that came back after they were sold, so that a repetition finds them and no more come back than were sold. */
  readonly restocks?: readonly Restock[]
  /** When the sweeper looks at it; missing at the ends. */
  readonly dueAt?: Date
}

/** How long a step that follows a written decision may stay undone before the sweeper does it. */
export const stepTimeoutMs = 30_000

const inStep = (now: Date) => new Date(now.getTime() + stepTimeoutMs)

/** Demand summed per SKU: two lines of one product are one demand. */
export function sumDemand(lines: readonly Demand[]): Demand[] {
  const total = new Map<string, number>()
  for (const { sku, quantity } of lines) total.set(sku, (total.get(sku) ?? 0) + quantity)
  return [...total].map(([sku, quantity]) => ({ sku, quantity }))
}

export function startReservation(
  orderId: string,
  demand: readonly Demand[],
  allocations: readonly Allocation[],
  expiresAt: Date,
): Reservation {
  return { id: orderId, status: 'holding', demand, allocations, plan: 1, expiresAt, dueAt: expiresAt }
}

/** Tries other shelves. Only while holding. */
export function replan(reservation: Reservation, allocations: readonly Allocation[]): Reservation {
  if (reservation.status !== 'holding') return reservation
  return { ...reservation, allocations, plan: reservation.plan + 1, givenUp: everyShelf(reservation) }
}

/** Every unit of this plan is held, by these tokens. A plan that was given up meanwhile confirms nothing. */
export const confirmHold = (
  reservation: Reservation,
  plan: number,
  allocations: readonly Allocation[] = reservation.allocations,
): Reservation =>
  reservation.status === 'holding' && reservation.plan === plan
    ? { ...reservation, status: 'held', allocations, dueAt: reservation.expiresAt }
    : reservation

/** What others are told of an allocation. */
export const told = ({ token: _token, ...allocation }: Allocation): Omit<Allocation, 'token'> => allocation

export const ReservationNotHeld = defineError(
  'INVENTORY_RESERVATION_NOT_HELD',
  'conflict',
  'Nothing is held for this order now: it is not held yet, or not any more.',
)
export const NotReserved = defineError(
  'INVENTORY_NOT_RESERVED',
  'unprocessable',
  'The order does not hold that many units of the SKU.',
)

/** Keeps what is held until later; never makes it end earlier. Throws `ReservationNotHeld`, also when its time is up. */
export function extendHold(reservation: Reservation, until: Date, now: Date): Reservation {
  if (reservation.status !== 'held' || isExpired(reservation, now)) throw ReservationNotHeld({ id: reservation.id })
  if (until.getTime() <= reservation.expiresAt.getTime()) return reservation
  return { ...reservation, expiresAt: until, dueAt: until }
}

/**
 * Gives up a part of what is held, once per id: a plan of less that the shelves follow as they follow every plan. All of it
 * is a release. Throws `ReservationNotHeld` and `NotReserved`.
 */
export function releasePart(reservation: Reservation, id: string, lines: readonly Demand[], now: Date): Reservation {
  const { status, releases = [] } = reservation
  if (releases.includes(id)) return reservation
  if (status !== 'held' || isExpired(reservation, now)) throw ReservationNotHeld({ id: reservation.id })
  const given = new Map(sumDemand(lines).map(({ sku, quantity }) => [sku, quantity]))
  const allocations = reservation.allocations.toReversed().flatMap((allocation) => {
    const less = Math.min(given.get(allocation.sku) ?? 0, allocation.quantity)
    given.set(allocation.sku, (given.get(allocation.sku) ?? 0) - less)
    return reduced(allocation, less)
  })
  const missing = [...given].find(([, quantity]) => quantity > 0)
  if (missing !== undefined) throw NotReserved({ id: reservation.id, sku: missing[0] })
  const next = { ...reservation, releases: [...releases, id] }
  if (allocations.length === 0) return startRelease(next, 'released', now)
  return {
    ...replan({ ...next, status: 'holding' }, allocations.toReversed()),
    demand: sumDemand(allocations),
    dueAt: inStep(now),
  }
}

/** What waits is given up before what is there. */
function reduced({ backordered = 0, ...allocation }: Allocation, less: number): Allocation[] {
  const quantity = allocation.quantity - less
  if (quantity === 0) return []
  const waiting = Math.max(0, backordered - less)
  return [{ ...allocation, quantity, ...(waiting > 0 && { backordered: waiting }) }]
}

/** Wherever units may stand for the order, in this plan or in one before it. */
export const everyShelf = ({ allocations, givenUp = [] }: Reservation): readonly Allocation[] => [
  ...givenUp,
  ...allocations,
]

/** Not every unit could be held; what was taken has been given back. */
export const reject = (reservation: Reservation): Reservation =>
  reservation.status === 'holding'
    ? end({ ...reservation, status: 'rejected', allocations: [], givenUp: everyShelf(reservation) })
    : reservation

/** The pivot: from here the units leave the stock, whatever fails in between. */
export const startCommit = (reservation: Reservation, now: Date): Reservation =>
  reservation.status === 'held' ? { ...reservation, status: 'committing', dueAt: inStep(now) } : reservation

export const finishCommit = (reservation: Reservation): Reservation =>
  reservation.status === 'committing' ? end({ ...reservation, status: 'committed' }) : reservation

/** Gives everything back. Ends stay ends, but for a committed reservation, which goes back into stock. */
export function startRelease(reservation: Reservation, releaseAs: 'released' | 'expired', now: Date): Reservation {
  switch (reservation.status) {
    case 'holding':
    case 'held':
      return { ...reservation, status: 'releasing', releaseAs, dueAt: inStep(now) }
    case 'committing':
    case 'committed':
      return { ...reservation, status: 'releasing', releaseAs, wasCommitted: true, dueAt: inStep(now) }
    case 'rejected':
    case 'releasing':
    case 'released':
    case 'expired':
      return reservation
  }
}

export const finishRelease = (reservation: Reservation): Reservation =>
  reservation.status === 'releasing'
    ? end({ ...reservation, status: reservation.releaseAs ?? 'released' })
    : reservation

/** A cancellation that came before its order: nothing was held, and nothing ever will be. */
export const tombstone = (orderId: string, now: Date): Reservation => ({
  id: orderId,
  status: 'released',
  demand: [],
  allocations: [],
  plan: 1,
  expiresAt: now,
})

/** A hold runs out only before the pivot. */
export const isExpired = ({ status, expiresAt }: Reservation, now: Date): boolean =>
  (status === 'holding' || status === 'held') && expiresAt.getTime() <= now.getTime()

/** The sweeper looks no more, unless units that came back are still to be put on the shelf. */
function end(reservation: Reservation): Reservation {
  if (reservation.restocks?.some(({ isDone }) => !isDone) === true) return reservation
  const { dueAt: _dueAt, ...ended } = reservation
  return ended
}
