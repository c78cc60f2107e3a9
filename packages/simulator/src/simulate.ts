import type { Stored } from '@tradewind/database/aggregate-store'
import type { Stock } from '@tradewind/inventory/domain/stock.ts'
import { onOrderAuthorized } from '@tradewind/inventory/events/on-order-authorized.ts'
import { onOrderPlaced } from '@tradewind/inventory/events/on-order-placed.ts'
import { onOrderStopped } from '@tradewind/inventory/events/on-order-stopped.ts'
import { onUnitsReturned } from '@tradewind/inventory/events/on-units-returned.ts'
import { createMemory, type Memory } from '@tradewind/inventory/simulation/memory-stores.ts'
import { createReplica } from '@tradewind/inventory/simulation/shop-in-memory.ts'
import type { PricedSku } from '@tradewind/orders/domain/price-lines.ts'
import type { Payment } from '@tradewind/payments/domain/payment.ts'
import type { SimulatedCharge } from '@tradewind/payments/providers/simulated-charge.ts'
import { DomainError } from '@tradewind/service-kit/errors'
import { createChance } from '@tradewind/testkit/chance'
import {
  lostOrders,
  unarchived,
  type Violation,
  violationsOfOrders,
  violationsOfStock,
} from '@tradewind/testkit/invariants'
import { createAgenda, type Note } from './agenda.ts'
import { createBus } from './bus.ts'
import { type Mail, tellCustomers } from './customers-told.ts'
import { type FaultKind, faultKinds } from './faults.ts'
import { createOrdersInMemory, type OrdersMemory } from './orders-in-memory.ts'
import { createPaymentsInMemory } from './payments-in-memory.ts'
import { createPeople } from './people.ts'
import { createProcess, Killed } from './process.ts'
import { createProviderInMemory } from './provider-in-memory.ts'

export interface Run {
  readonly seed: number
  /** Customers who come. */
  readonly orders: number
  readonly faults: ReadonlySet<FaultKind>
}

export interface Outcome {
  readonly violations: readonly Violation[]
  readonly accepted: number
  /** What happened, in order; only where it was asked for. */
  readonly history: readonly string[]
}

const skus = ['MUG', 'PEN'] as const
const locations = [
  { id: 'berlin', name: 'Berlin', priority: 1 },
  { id: 'lyon', name: 'Lyon', priority: 2 },
]
const catalogue: ReadonlyMap<string, PricedSku> = new Map(
  skus.map((sku, index) => [
    sku,
    { sku, title: sku, price: { amountMinor: 999 + index, currency: 'EUR' }, category: 'things', weightGrams: 100 },
  ]),
)
const discountCode = 'FEW'
const discountLimit = 2
const sweepMs = 1000
/** How long sweepers with nothing to do wait for something to come. */
const idleMs = 10_000
const everyShelf = 100
const longestMs = 6 * 3600_000
const nobody = `usr_${'0'.repeat(32)}`

export const allFaults: ReadonlySet<FaultKind> = new Set(faultKinds)

/** Lets customers come to a shop where everything goes wrong that may, until all has come to rest. The same seed, the same story. */
export async function simulate({ seed, orders: count, faults }: Run, keepHistory = false): Promise<Outcome> {
  const chance = createChance(seed)
  const history: string[] = []
  const note: Note = (line) => {
    if (keepHistory) history.push(line())
  }
  const agenda = createAgenda(chance, note)
  const { now } = agenda
  let ids = 0
  const newId = (prefix: string) => `${prefix}_${(ids += 1).toString(16).padStart(32, '0')}`
  const bus = createBus({ chance, faults, agenda, note })
  const process = createProcess({ chance, faults, agenda, announce: bus.publish })

  const shop = { ...createMemory(locations), announce: bus.publish }
  const payments = new Map<string, Payment & Stored>()
  const charges = new Map<string, SimulatedCharge>()
  const mails = new Map<string, Mail & Stored>()
  const at = now()
  const code = { id: discountCode, off: { percent: 10 }, totalLimit: discountLimit, status: 'active' as const }
  const memory: OrdersMemory = {
    orders: new Map(),
    codes: new Map([[code.id, { ...code, version: 1, createdAt: at, updatedAt: at }]]),
    uses: new Map(),
  }

  const inventoryPorts = { now, newId, strategy: 'priority' as const }
  const stocking = createReplica(shop, { ...inventoryPorts, step: atOnce })
  let stocked = 0
  for (const sku of skus) {
    for (const { id: locationId } of locations) {
      const delta = chance.integer(1, 6)
      stocked += 1
      const keyed = { userId: nobody, idempotencyKey: `stock-${stocked}` }
      await stocking.adjust({ sku, locationId, delta, reason: 'received', ...keyed })
    }
  }

  const inventory = createReplica(shop, { ...inventoryPorts, step: process.step })
  const capture = chance.isHit(0.3) ? 'on_ship' : 'now'
  const orders = createOrdersInMemory({ process, memory, catalogue, capture, now, newId })
  const provider = createProviderInMemory({ charges, chance, faults })
  const paying = createPaymentsInMemory({ process, memory: payments, provider, now, newId })
  bus.subscribe([
    onOrderPlaced(inventory.place),
    onOrderAuthorized(inventory.authorize),
    ...onOrderStopped(inventory.cancel),
    onUnitsReturned(inventory.returnUnits),
    ...orders.handlers,
    ...paying.handlers,
    ...tellCustomers(process, mails, newId),
  ])

  const accepted = new Set<string>()
  const people = createPeople({
    chance,
    faults,
    agenda,
    orders,
    stored: memory.orders,
    skus,
    discountCode,
    accepted: (id) => accepted.add(id),
    note,
  })
  for (let number = 1; number <= count; number += 1) people.buy(number)

  const hasDue = (all: ReadonlyMap<string, { dueAt?: Date }>) =>
    all.values().some(({ dueAt }) => dueAt !== undefined && dueAt <= now())
  const hasStock = (is: (one: Stock) => boolean) => shop.stock.values().some(is)
  let rounds = 0
  /** Each with what it looks for: where there is none, it would find nothing and change nothing. */
  const sweeps: readonly (readonly [sweep: () => Promise<unknown>, isNeeded: () => boolean])[] = [
    [orders.reconcile, () => hasDue(memory.orders)],
    [orders.settleDiscounts, () => hasDue(memory.uses)],
    [paying.sweep, () => hasDue(payments)],
    [inventory.sweepReservations, () => hasDue(shop.reservations)],
    [inventory.archive, () => hasStock(({ movementsSince }) => movementsSince !== undefined)],
    [
      () => inventory.releaseLeaked(undefined, everyShelf, false),
      // A fifth as often as the others, as in the service.
      () => rounds % 5 === 0 && hasStock(({ holds, backorders = [] }) => holds.length + backorders.length > 0),
    ],
  ]
  /** When a sweeper has something to do at the earliest. */
  function nextDueAt(): number {
    let next = Number.POSITIVE_INFINITY
    for (const all of [memory.orders, memory.uses, payments, shop.reservations]) {
      for (const { dueAt } of all.values()) if (dueAt !== undefined) next = Math.min(next, dueAt.getTime())
    }
    return next
  }

  async function sweep(): Promise<void> {
    rounds += 1
    for (const [one, isNeeded] of sweeps) {
      try {
        if (isNeeded()) await one()
      } catch (error) {
        if (!(error instanceof Killed) && !(error instanceof DomainError)) throw error
        const { message } = error
        note(() => `  sweeper: ${message}`)
      }
    }
  }

  /** A round by one replica. When it pauses in the middle, another replica goes on with the next. */
  function sweepIn(delayMs: number): void {
    let isPaused = false
    const round = async () => {
      await sweep()
      if (!isPaused) sweepIn(Math.max(sweepMs, Math.min(nextDueAt() - now().getTime(), idleMs)))
    }
    agenda.add(delayMs, '', round, () => {
      isPaused = true
      sweepIn(sweepMs)
    })
  }
  sweepIn(sweepMs)

  // Between two rounds the next one is always on the agenda.
  const isAtRest = () => agenda.size() === 1 && nextDueAt() === Number.POSITIVE_INFINITY
  while (!isAtRest() && now().getTime() - at.getTime() < longestMs) await agenda.next(faults.has('interleaving'))
  const lastRoundOfArchive = createReplica(shop, { ...inventoryPorts, step: atOnce })
  await lastRoundOfArchive.releaseLeaked(undefined, everyShelf, false)

  const known = documents(memory.orders)
  const reservations = documents(shop.reservations)
  const violations = [
    ...lostOrders([...accepted], new Set(memory.orders.keys())),
    ...violationsOfOrders({
      orders: known,
      parents: known,
      withSameKey: [...known.values()],
      reservations,
      movements: [...shop.ledger.values()],
      shelves: [...shop.stock.values()],
      payments: documents(payments),
      charges: documents(charges),
      notifications: [...mails.values()],
    }),
    ...violationsOfStock({ stock: [...documents(shop.stock).values()], archived: archivedUnits(shop), reservations }),
  ]
  return { violations: [...violations, ...tooManyDiscounts(memory)], accepted: accepted.size, history }
}

/** One that nothing happens to. */
const atOnce = async <T>(apply: () => T): Promise<T> => apply()

const documents = (all: ReadonlyMap<string, object>) => new Map([...all].map(([id, one]) => [id, { ...one, _id: id }]))

/** What the ledger has for each stock, but for movements that the stock does not know to be there. */
function archivedUnits({ stock, ledger }: Memory): Map<string, number> {
  const waiting = new Set([...stock.values()].flatMap(unarchived).map(({ id }) => id))
  const units = new Map<string, number>()
  for (const { _id, stockId, delta } of ledger.values()) {
    if (!waiting.has(_id)) units.set(stockId, (units.get(stockId) ?? 0) + delta)
  }
  return units
}

/** The limit of a code holds over all orders that went ahead. */
function tooManyDiscounts({ orders, uses }: OrdersMemory): Violation[] {
  const { used = 0, claims = [] } = uses.get(discountCode) ?? {}
  const discounted = [...orders.values()].filter(
    (order) => order.discountCode === discountCode && order.partOf === undefined,
  )
  const ahead = discounted.filter(({ status }) => !['rejected', 'cancelled', 'expired'].includes(status))
  if (used + claims.length <= discountLimit && ahead.length <= discountLimit) return []
  const message = `the code for ${discountLimit} was used ${used} times, by ${ahead.length} orders that went ahead`
  return [{ invariant: 'discounts', message, documents: discounted }]
}
