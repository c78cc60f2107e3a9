import type { Allocation, Demand, Shortage } from './reservation.ts'

/** How a plan chooses among locations. */
export const allocationStrategies = ['priority', 'fewest-parcels'] as const
export type AllocationStrategy = (typeof allocationStrategies)[number]

export interface Shelf {
  readonly sku: string
  readonly locationId: string
  readonly available: number
}

/** What is known of the orders that wait for a SKU. */
export interface Backlog {
  readonly sku: string
  /** Units that earlier orders wait for. They come first, wherever units are. */
  readonly waiting: number
  /** Units that may be ordered although they are not there. */
  readonly room: number
  /** Where those wait. */
  readonly locationId?: string | undefined
}

interface Options {
  readonly strategy?: AllocationStrategy
  readonly backlogs?: readonly Backlog[]
}

/** Locations of which every combination is tried; beyond, the one that adds most is taken each time. */
const exactUpTo = 10

/**
 * Chooses where to take each SKU. The shelves come sorted by priority. `priority` takes each SKU from the first location
 * that has enough, else from several; `fewest-parcels` serves the whole order from as few locations as possible, and of
 * equals from the first. What is missing may wait where the SKU's policy lets it. Reports every shortage, and then
 * allocates nothing.
 */
export function planAllocation(
  demand: readonly Demand[],
  shelves: readonly Shelf[],
  { strategy = 'priority', backlogs = [] }: Options = {},
): { allocations: Allocation[] } | { shortages: Shortage[] } {
  const shortages: Shortage[] = []
  const physical: Demand[] = []
  const waits: Allocation[] = []
  for (const { sku, quantity } of demand) {
    const backlog = backlogs.find((one) => one.sku === sku)
    const stocked = shelves.filter((shelf) => shelf.sku === sku).reduce((sum, shelf) => sum + shelf.available, 0)
    const free = Math.max(0, stocked - (backlog?.waiting ?? 0))
    const missing = Math.max(0, quantity - free)
    const room = Math.max(0, backlog?.room ?? 0)
    if (missing > room) shortages.push({ sku, requested: quantity, available: free + room })
    if (missing < quantity) physical.push({ sku, quantity: quantity - missing })
    if (missing > 0 && backlog?.locationId !== undefined) {
      waits.push({ sku, locationId: backlog.locationId, quantity: missing, backordered: missing })
    }
  }
  if (shortages.length > 0) return { shortages }
  const chosen = strategy === 'priority' ? shelves : fewestLocations(physical, shelves)
  return { allocations: merged([...physical.flatMap((one) => takenFrom(one, chosen)), ...waits]) }
}

function takenFrom({ sku, quantity }: Demand, shelves: readonly Shelf[]): Allocation[] {
  const candidates = shelves.filter((shelf) => shelf.sku === sku && shelf.available > 0)
  const single = candidates.find(({ available }) => available >= quantity)
  if (single !== undefined) return [{ sku, locationId: single.locationId, quantity }]
  const parts: Allocation[] = []
  let missing = quantity
  for (const { locationId, available } of candidates) {
    const taken = Math.min(missing, available)
    if (taken > 0) parts.push({ sku, locationId, quantity: taken })
    missing -= taken
  }
  return parts
}

/** What is held and what waits at one place is one allocation. */
function merged(parts: readonly Allocation[]): Allocation[] {
  const places = new Map<string, Allocation>()
  for (const part of parts) {
    const key = `${part.sku}@${part.locationId}`
    const earlier = places.get(key)
    places.set(key, earlier === undefined ? part : { ...part, quantity: earlier.quantity + part.quantity })
  }
  return [...places.values()]
}

/** The shelves of the fewest locations that have everything together. */
function fewestLocations(demand: readonly Demand[], shelves: readonly Shelf[]): readonly Shelf[] {
  const wanted = new Set(demand.map(({ sku }) => sku))
  const useful = shelves.filter(({ sku, available }) => available > 0 && wanted.has(sku))
  const locations = [...new Set(useful.map(({ locationId }) => locationId))]
  const at = (chosen: readonly string[]) => useful.filter(({ locationId }) => chosen.includes(locationId))
  if (locations.length > exactUpTo) return at(addingMost(demand, locations, at))
  for (let size = 1; size < locations.length; size += 1) {
    for (const chosen of combinations(locations, size))
      if (coverage(demand, at(chosen)) === sumOf(demand)) return at(chosen)
  }
  return useful
}

const sumOf = (demand: readonly Demand[]) => demand.reduce((sum, { quantity }) => sum + quantity, 0)

/** Units of the demand that these shelves have. */
const coverage = (demand: readonly Demand[], shelves: readonly Shelf[]) =>
  demand.reduce((total, { sku, quantity }) => {
    const stocked = shelves.filter((shelf) => shelf.sku === sku).reduce((sum, shelf) => sum + shelf.available, 0)
    return total + Math.min(quantity, stocked)
  }, 0)

function* combinations(items: readonly string[], size: number, from = 0): Generator<string[]> {
  if (size === 0) return yield []
  for (let index = from; index <= items.length - size; index += 1) {
    for (const rest of combinations(items, size - 1, index + 1)) yield [items[index] ?? '', ...rest]
  }
}

function addingMost(
  demand: readonly Demand[],
  locations: readonly string[],
  at: (chosen: readonly string[]) => readonly Shelf[],
): string[] {
  const chosen: string[] = []
  while (coverage(demand, at(chosen)) < sumOf(demand) && chosen.length < locations.length) {
    const gains = locations
      .filter((one) => !chosen.includes(one))
      .map((one) => ({ one, covered: coverage(demand, at([...chosen, one])) }))
    const best = gains.reduce((most, next) => (next.covered > most.covered ? next : most))
    chosen.push(best.one)
  }
  return chosen
}
