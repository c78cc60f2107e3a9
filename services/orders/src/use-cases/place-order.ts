import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { fingerprint, IdempotencyKeyReused } from '@tradewind/service-kit/idempotency'
import { type Address, asAccepted, createOrder } from '../domain/order.ts'
import type { SagaTimes } from '../domain/order-saga.ts'
import type { RequestedLine } from '../domain/price-lines.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'
import type { OrderNumbers } from '../store/order-numbers.ts'
import type { ClaimDiscount } from './claim-discount.ts'
import { placedEvent } from './order-events.ts'
import type { PriceOrder } from './price-order.ts'
import { currentTraceId, traced } from './traced.ts'

export interface PlaceOrderCommand {
  readonly customerId: string
  readonly idempotencyKey: string
  readonly lines: readonly RequestedLine[]
  readonly paymentMethod: string
  readonly email?: string
  readonly shippingAddress?: Address
  readonly discountCode?: string
  readonly note?: string
}

export interface PlacedOrder {
  readonly order: StoredOrder
  /** The order as it was when it was accepted: the first answer to its key. */
  readonly accepted: StoredOrder
  readonly replayed: boolean
}

export type PlaceOrder = (command: PlaceOrderCommand) => Promise<PlacedOrder>

interface Ports {
  readonly orders: OrderRepository
  readonly priceOrder: PriceOrder
  readonly claimDiscount: ClaimDiscount
  readonly numbers: OrderNumbers
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  readonly times: SagaTimes
  /** When money is taken for what is placed now. */
  readonly capture: 'now' | 'on_ship'
}

/**
 * Accepts an order: one write, which is also the record of its idempotency key, so two identical requests make one order
 * even when they race or the process dies in between.
 */
export const makePlaceOrder =
  ({ orders, priceOrder, claimDiscount, numbers, now, newId, times, capture }: Ports): PlaceOrder =>
  async (command) => {
    const { customerId, idempotencyKey, lines: requested, discountCode, ...rest } = command
    const requestHash = hashOf(command)
    const traceId = currentTraceId()

    const earlier = async () => {
      const found = await orders.findByKey(customerId, idempotencyKey)
      if (found !== undefined && found.requestHash !== requestHash) throw IdempotencyKeyReused({ orderId: found.id })
      return found
    }

    try {
      const basket = { lines: requested, country: rest.shippingAddress?.country }
      const priced = await priceOrder({ ...basket, ...(discountCode !== undefined && { discountCode }) })
      const { code, ...totals } = priced
      if (code !== undefined) await claimDiscount(code, { customerId, idempotencyKey, at: now() })
      const identity = { id: newId('ord'), number: await numbers.next(), customerId, idempotencyKey, requestHash }
      const given = { ...identity, ...rest, ...totals, capture, ...(code !== undefined && { discountCode: code.id }) }
      const order = createOrder(given, now(), times.reminderMs)
      return placed(await orders.insert(traced(undefined, order, traceId), placedEvent(order, newId('evt'))), false)
    } catch (error) {
      // Asked only when something stands in the way: the key's own order, or a price list that has changed since.
      const order = await earlier()
      if (order !== undefined) return placed(order, true)
      if (DuplicateKey.is(error)) throw IdempotencyKeyReused({}, { cause: error })
      throw error
    }
  }

const placed = (order: StoredOrder, replayed: boolean): PlacedOrder => ({
  order,
  accepted: { ...asAccepted(order), version: 1, createdAt: order.createdAt, updatedAt: order.createdAt },
  replayed,
})

/** The same for the same request, whatever the order of its JSON fields. */
const hashOf = ({ lines, paymentMethod, email, shippingAddress: to, discountCode, note }: PlaceOrderCommand): string =>
  fingerprint(
    JSON.stringify([
      lines.map(({ sku, quantity }) => [sku, quantity]),
      paymentMethod,
      email,
      to && [to.name, to.line1, to.line2, to.postalCode, to.city, to.region, to.country],
      note,
      discountCode,
    ]),
  )
