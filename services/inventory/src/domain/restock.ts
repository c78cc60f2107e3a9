import { defineError } from '@tradewind/service-kit/errors'
import { type Allocation, type Demand, type Reservation, stepTimeoutMs } from './reservation.ts'

/** Units of one shelf that come back, and where they are put. */
export interface Placement {
  readonly sku: string
  /** The shelf that they were sold from. */
  readonly fromLocationId: string
  readonly locationId: string
  readonly quantity: number
}

/** Units that an order gave back. The decision is written here; the shelves follow it. */
export interface Restock {
  readonly id: string
  readonly lines: readonly (Demand & { readonly taken: number })[]
  readonly placements: readonly Placement[]
  readonly reason: string
  readonly isDone: boolean
}

export interface RestockRequest {
  readonly id: string
  readonly lines: readonly Demand[]
  readonly reason: string
  /** Where the units are; where they were taken from, when it is missing. */
  readonly locationId?: string | undefined
}

export const NotSoldYet = defineError(
  'INVENTORY_NOT_SOLD_YET',
  'conflict',
  'Units of this order cannot come back: they are not sold.',
)
export const TooManyRestocks = defineError(
  'INVENTORY_TOO_MANY_RESTOCKS',
  'conflict',
  'Units of this order came back as often as can be remembered.',
)

/** More than an order can ask for. */
const maxRestocks = 2000

/** How many units of an allocation came back, or are decided to. */
export const returnedFrom = ({ restocks = [] }: Reservation, { sku, locationId }: Allocation): number =>
  restocks
    .flatMap(({ placements }) => placements)
    .filter((one) => one.sku === sku && one.fromLocationId === locationId)
    .reduce((sum, { quantity }) => sum + quantity, 0)

export const restockOf = ({ restocks = [] }: Reservation, id: string): Restock | undefined =>
  restocks.find((one) => one.id === id)

/** Decisions that the shelves do not follow yet. */
export const openRestocks = ({ restocks = [] }: Reservation): readonly Restock[] =>
  restocks.filter(({ isDone }) => !isDone)

/**
 * Decides what comes back, once per id, and never more than the reservation still counts as sold: of an order that was
 * given up as a whole, nothing. Throws `NotSoldYet` before its units were sold.
 */
export function startRestock(reservation: Reservation, request: RestockRequest, now: Date): Reservation {
  const { restocks = [], status } = reservation
  if (restockOf(reservation, request.id) !== undefined) return reservation
  if (status === 'holding' || status === 'held' || status === 'committing')
    throw NotSoldYet({ id: reservation.id, status })
  if (restocks.length >= maxRestocks) throw TooManyRestocks({ id: reservation.id })
  const placements = status === 'committed' ? placementsFor(reservation, request) : []
  const restock: Restock = {
    id: request.id,
    lines: request.lines.map((line) => ({ ...line, taken: 0 })),
    placements,
    reason: request.reason,
    isDone: placements.length === 0,
  }
  const decided = { ...reservation, restocks: [...restocks, { ...restock, lines: takenOf(restock) }] }
  return restock.isDone ? decided : { ...decided, dueAt: new Date(now.getTime() + stepTimeoutMs) }
}

function placementsFor(reservation: Reservation, { lines, locationId }: RestockRequest): Placement[] {
  const left = new Map<string, number>()
  for (const { sku, quantity } of lines) left.set(sku, (left.get(sku) ?? 0) + quantity)
  return reservation.allocations.flatMap((allocation): Placement[] => {
    const { sku, locationId: fromLocationId } = allocation
    const sold = allocation.quantity - returnedFrom(reservation, allocation)
    const quantity = Math.min(sold, left.get(sku) ?? 0)
    if (quantity <= 0) return []
    left.set(sku, (left.get(sku) ?? 0) - quantity)
    return [{ sku, fromLocationId, locationId: locationId ?? fromLocationId, quantity }]
  })
}

/** How many units of each line were taken back. */
function takenOf({ lines, placements }: Restock): Restock['lines'] {
  const left = new Map<string, number>()
  for (const { sku, quantity } of placements) left.set(sku, (left.get(sku) ?? 0) + quantity)
  return lines.map(({ sku, quantity }) => {
    const taken = Math.min(quantity, left.get(sku) ?? 0)
    left.set(sku, (left.get(sku) ?? 0) - taken)
    return { sku, quantity, taken }
  })
}

/** The shelves have followed. */
export function finishRestock(reservation: Reservation, id: string): Reservation {
  if (restockOf(reservation, id)?.isDone !== false) return reservation
  const restocks = (reservation.restocks ?? []).map((one) => (one.id === id ? { ...one, isDone: true } : one))
  const next = { ...reservation, restocks }
  if (next.status === 'releasing' || openRestocks(next).length > 0) return next
  const { dueAt: _dueAt, ...rest } = next
  return rest
}
