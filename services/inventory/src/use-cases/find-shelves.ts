import type { Backlog, Shelf } from '../domain/allocation.ts'
import type { Allocation, Demand } from '../domain/reservation.ts'
import { backordersAllowed } from '../domain/stock-policy.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { ShelfLevel, StockRepository } from '../store/stock.repository.ts'
import type { StockPolicyRepository } from '../store/stock-policy.repository.ts'

/** Where an order may take from, best first, and what may wait. What it has taken already counts as there. */
export type FindShelves = (
  demand: readonly Demand[],
  taken: readonly Allocation[],
) => Promise<{ readonly shelves: Shelf[]; readonly backlogs: Backlog[] }>

interface Ports {
  readonly stock: StockRepository
  readonly locations: LocationRepository
  readonly policies: StockPolicyRepository
  readonly now: () => Date
}

export const makeFindShelves = ({ stock, locations, policies, now }: Ports): FindShelves => {
  /** Policies are asked for only where something is missing: it is the rare case. */
  async function backlogOf({ sku, quantity }: Demand, shelves: readonly ShelfLevel[]): Promise<Backlog> {
    const waiting = sumOf(shelves.map((shelf) => shelf.waiting))
    if (sumOf(shelves.map(({ available }) => available)) - waiting >= quantity) return { sku, waiting, room: 0 }
    const allowed = backordersAllowed(await policies.find(sku), now())
    return { sku, waiting, room: (allowed?.limit ?? 0) - waiting, locationId: allowed?.locationId }
  }

  return async (demand, taken) => {
    const [found, places] = await Promise.all([stock.levels(demand.map(({ sku }) => sku)), locations.list()])
    const priority = new Map(places.map(({ id }, index) => [id, index]))
    const rank = (shelf: Shelf) => priority.get(shelf.locationId) ?? places.length
    const shelves = found.map((shelf) => withOwn(shelf, taken)).toSorted((a, b) => rank(a) - rank(b))
    const backlogs = await Promise.all(
      demand.map((one) =>
        backlogOf(
          one,
          shelves.filter(({ sku }) => sku === one.sku),
        ),
      ),
    )
    return { shelves, backlogs }
  }
}

const sumOf = (numbers: readonly number[]) => numbers.reduce((sum, number) => sum + number, 0)

function withOwn(shelf: ShelfLevel, taken: readonly Allocation[]): ShelfLevel {
  const own = taken.find(({ sku, locationId }) => sku === shelf.sku && locationId === shelf.locationId)
  if (own === undefined) return shelf
  const { quantity, backordered = 0 } = own
  return { ...shelf, available: shelf.available + quantity - backordered, waiting: shelf.waiting - backordered }
}
