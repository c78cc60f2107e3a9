import type { DomainEvent } from '@tradewind/contracts/event'
import { UnitsReturnedV1 } from '@tradewind/contracts/fulfilment'
import { OrderAuthorizedV1, OrderCancelledV1, OrderExpiredV1, OrderPlacedV1 } from '@tradewind/contracts/orders'
import { newId } from '@tradewind/service-kit/ids'
import type { Request } from '@tradewind/service-testkit/running-service'
import { expect } from 'vitest'
import type { InventoryUnderTest } from './inventory-under-test.ts'

export const operator = { roles: ['operator'] }

export interface Line {
  readonly sku: string
  readonly quantity: number
}

export const placed = (orderId: string, ...lines: readonly Line[]): DomainEvent =>
  OrderPlacedV1.create(newId('evt'), {
    orderId,
    customerId: newId('usr'),
    lines: [...lines],
    total: { amountMinor: 1000, currency: 'EUR' },
  })

export const authorized = (orderId: string): DomainEvent =>
  OrderAuthorizedV1.create(newId('evt'), { orderId, paymentId: orderId.replace('ord_', 'pay_') })

export const unitsReturned = (orderId: string, restockId: string, ...lines: readonly Line[]): DomainEvent =>
  UnitsReturnedV1.create(newId('evt'), { orderId, restockId, lines: [...lines], reason: 'returned' })

const summaryOf = (orderId: string) => ({
  orderId,
  customerId: newId('usr'),
  number: 'TW-1',
  lines: [],
  total: { amountMinor: 1000, currency: 'EUR' },
  contact: 'account' as const,
})

export const cancelled = (orderId: string): DomainEvent =>
  OrderCancelledV1.create(newId('evt'), { ...summaryOf(orderId), reason: 'requested_by_customer' })

export const expired = (orderId: string): DomainEvent =>
  OrderExpiredV1.create(newId('evt'), { ...summaryOf(orderId), reason: 'payment_timeout' })

export async function addLocation({ request }: InventoryUnderTest, id: string, priority: number): Promise<void> {
  const { status } = await request('POST', '/v1/locations', { as: operator, body: { id, name: id, priority } })
  expect([201, 409]).toContain(status)
}

export const variant = (sku: string, amountMinor = 1000) => ({
  sku,
  title: sku,
  attributes: {},
  price: { amountMinor, currency: 'EUR' },
})

/** A product of its own with units at locations: `{ berlin: 3 }`. Returns its SKU. */
export async function stocked(
  inventory: InventoryUnderTest,
  units: Readonly<Record<string, number>>,
  sku = newId('sku'),
): Promise<string> {
  const body = { title: sku, category: 'mugs', variants: [variant(sku)] }
  expect((await inventory.request('POST', '/v1/products', { as: operator, body })).status).toBe(201)
  for (const [locationId, delta] of Object.entries(units)) {
    expect((await adjust(inventory, { sku, locationId, delta, reason: 'received' })).status).toBe(201)
  }
  return sku
}

export const adjust = (
  { request }: InventoryUnderTest,
  body: unknown,
  key = newId('key'),
  as: NonNullable<Request['as']> = operator,
) => request('POST', '/v1/stock/adjustments', { as, body, headers: { 'idempotency-key': key } })

/** Hands an event to its handler, as the consumer would. */
export async function handle({ app }: InventoryUnderTest, { id, type, data }: DomainEvent): Promise<void> {
  const handler = [...app.onOrders, ...app.onUnits].find(({ contract }) => contract.type === type)
  if (handler === undefined) throw new Error(`inventory does not react to ${type}`)
  await handler.handle({ id, type, time: new Date(), data })
}

/** What is on the shelves of a SKU, in words: `berlin: 3 on hand, 1 available, 2 held`. */
export async function shelvesOf({ ports }: InventoryUnderTest, sku: string): Promise<string[]> {
  const found = await ports.stock.findBySkus([sku])
  return found
    .map(({ locationId, onHand, available, holds }) => {
      const held = holds.reduce((sum, { quantity }) => sum + quantity, 0)
      return `${locationId}: ${onHand} on hand, ${available} available, ${held} held`
    })
    .toSorted((a, b) => (a < b ? -1 : 1))
}

export const statusOf = async ({ ports }: InventoryUnderTest, orderId: string) =>
  (await ports.reservations.find(orderId))?.status

/** The promise of every shelf: what is available and held is on hand, and the movements sum to it. */
export async function expectStockAddsUp({ ports }: InventoryUnderTest, ...skus: readonly string[]): Promise<void> {
  for (const one of await ports.stock.findBySkus(skus)) {
    const held = one.holds.reduce((sum, { quantity }) => sum + quantity, 0)
    const archived = await ports.ledger.page({ sku: one.sku, locationId: one.locationId, limit: 10_000 })
    const waiting = one.movements.filter(({ id }) => !archived.some(({ _id }) => _id === id))
    const moved = [...archived, ...waiting].reduce((sum, { delta }) => sum + delta, 0)
    expect([one.id, one.available + held, moved]).toEqual([one.id, one.onHand, one.onHand])
    expect(one.available).toBeGreaterThanOrEqual(0)
  }
}
