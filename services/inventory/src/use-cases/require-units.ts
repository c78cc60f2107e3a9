import { defineError } from '@tradewind/service-kit/errors'
import { missingUnits } from '../domain/rebuild.ts'
import { type Allocation, type Reservation, told } from '../domain/reservation.ts'
import type { Movement, Stock } from '../domain/stock.ts'

export const UnitsMissing = defineError(
  'INVENTORY_UNITS_MISSING',
  'unavailable',
  'Units of the order are neither on their shelf nor sold. Rebuild it with POST /v1/stock/consistency; the order then goes on.',
)

/**
 * Throws `UnitsMissing` where a shelf has lost what an order bought. To sell nothing there, or to put back what was never
 * taken, would leave units on the books that are promised or gone. `made` are movements of the order there; those that the
 * shelf itself remembers need not be among them.
 */
export function requireUnits(
  shelf: Stock,
  reservation: Reservation,
  allocation: Allocation,
  made: readonly Movement[],
): void {
  const known = new Map([...made, ...shelf.movements].map((movement) => [movement.id, movement]))
  const missing = missingUnits(shelf, reservation, shelf, known)
  if (missing > 0) throw UnitsMissing({ orderId: reservation.id, missing, ...told(allocation) })
}
