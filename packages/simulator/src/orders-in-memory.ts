import { DuplicateKey, type Stored } from '@tradewind/database/aggregate-store'
import type { DiscountCode } from '@tradewind/orders/domain/discount-code.ts'
import type { DiscountUses } from '@tradewind/orders/domain/discount-uses.ts'
import type { Order } from '@tradewind/orders/domain/order.ts'
import type { PricedSku } from '@tradewind/orders/domain/price-lines.ts'
import { onNotification } from '@tradewind/orders/events/on-notification.ts'
import { onPayment } from '@tradewind/orders/events/on-payment.ts'
import { onReservation } from '@tradewind/orders/events/on-reservation.ts'
import { onStockRestocked } from '@tradewind/orders/events/on-stock-restocked.ts'
import { createShippingRates } from '@tradewind/orders/rates/shipping-rates.ts'
import { createTaxRates } from '@tradewind/orders/rates/tax-rates.ts'
import type { CatalogueRepository } from '@tradewind/orders/store/catalogue.repository.ts'
import type { DiscountRepository } from '@tradewind/orders/store/discount.repository.ts'
import type { OrderRepository } from '@tradewind/orders/store/order.repository.ts'
import { createAdmission } from '@tradewind/orders/use-cases/admission.ts'
import { makeCancelOrder } from '@tradewind/orders/use-cases/cancel-order.ts'
import { makeCarryOnEdits } from '@tradewind/orders/use-cases/carry-on-edits.ts'
import { makeChangeOrder } from '@tradewind/orders/use-cases/change-order.ts'
import { makeClaimDiscount } from '@tradewind/orders/use-cases/claim-discount.ts'
import { makeEditOrder } from '@tradewind/orders/use-cases/edit-order.ts'
import { makeFulfilOrder } from '@tradewind/orders/use-cases/fulfil-order.ts'
import { createOrderNotice } from '@tradewind/orders/use-cases/order-notice.ts'
import { makePlaceOrder } from '@tradewind/orders/use-cases/place-order.ts'
import { makePriceOrder } from '@tradewind/orders/use-cases/price-order.ts'
import { makeReconcileOrders } from '@tradewind/orders/use-cases/reconcile-orders.ts'
import { makeRecordFact } from '@tradewind/orders/use-cases/record-fact.ts'
import { makeRefundOrder } from '@tradewind/orders/use-cases/refund-order.ts'
import { createReminderBudget } from '@tradewind/orders/use-cases/reminder-budget.ts'
import { makeReturnUnits } from '@tradewind/orders/use-cases/return-units.ts'
import { makeSettleDiscounts } from '@tradewind/orders/use-cases/settle-discounts.ts'
import { dueIds } from './due-ids.ts'
import type { createProcess } from './process.ts'

export interface OrdersMemory {
  readonly orders: Map<string, Order & Stored>
  readonly codes: Map<string, DiscountCode & Stored>
  readonly uses: Map<string, DiscountUses & Stored>
}

interface Options {
  readonly process: ReturnType<typeof createProcess>
  readonly memory: OrdersMemory
  readonly catalogue: ReadonlyMap<string, PricedSku>
  readonly capture: 'now' | 'on_ship'
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

const times = { reminderMs: 5000, stepDeadlineMs: 600_000 }
const returnDays = 30

/** The orders service on stores in memory. */
export function createOrdersInMemory({ process, memory, catalogue, capture, now, newId }: Options) {
  const { step, aggregates } = process
  const all = () => [...memory.orders.values()]
  const byKey = (customerId: string, key: string) =>
    all().find((order) => order.customerId === customerId && order.idempotencyKey === key)
  const refuseTwins = ({ id, customerId, idempotencyKey }: Order) => {
    if (byKey(customerId, idempotencyKey) !== undefined) throw DuplicateKey({ id, index: 'idempotency' })
  }
  const orders: OrderRepository = {
    ...aggregates(memory.orders, refuseTwins),
    list: () => Promise.reject(new Error('nobody lists orders here')),
    async *ofCustomer(customerId) {
      for (const order of await step(() => all().filter((one) => one.customerId === customerId))) yield order
    },
    findByKey: (customerId, key) => step(() => byKey(customerId, key)),
    statusesByKey: (keys) => step(() => keys.flatMap((key) => byKey(key.customerId, key.idempotencyKey) ?? [])),
    waitingSince: () => Promise.reject(new Error('nobody looks at sagas here')),
    dueBefore: (before, limit) => step(() => dueIds(memory.orders.values(), before, limit)),
  }
  const discounts: DiscountRepository = {
    codes: aggregates(memory.codes),
    uses: aggregates(memory.uses),
    list: () => Promise.reject(new Error('nobody lists codes here')),
    dueBefore: (before, limit) => step(() => dueIds(memory.uses.values(), before, limit)),
  }
  const forSale: CatalogueRepository = {
    save: () => Promise.reject(new Error('the catalogue is given')),
    findForSale: (skus) => step(() => new Map([...catalogue].filter(([sku]) => skus.includes(sku)))),
  }
  let number = 1_000_000
  const given = {
    orders,
    discounts,
    catalogue: forSale,
    tax: createTaxRates([{ percent: 19, included: true }]),
    shipping: createShippingRates([{ amountMinor: 490, currency: 'EUR' }]),
    defaultCountry: undefined,
    numbers: { next: () => Promise.resolve(`TW-${(number += 1)}`) },
    now,
    newId,
    times,
    capture,
    returnDays,
    notice: createOrderNotice(),
    admission: createAdmission(() => now().getTime()),
    reminders: createReminderBudget(),
  }
  const ports = { ...given, carryOnEdits: makeCarryOnEdits(given), changes: makeChangeOrder(given) }
  const record = makeRecordFact(ports)
  return {
    place: makePlaceOrder({ ...ports, priceOrder: makePriceOrder(ports), claimDiscount: makeClaimDiscount(ports) }),
    cancel: makeCancelOrder(ports),
    fulfil: makeFulfilOrder(ports),
    returns: makeReturnUnits(ports),
    edits: makeEditOrder(ports),
    refund: makeRefundOrder(ports),
    reconcile: makeReconcileOrders(ports),
    settleDiscounts: makeSettleDiscounts(ports),
    handlers: [...onReservation(record), onStockRestocked(record), ...onPayment(record), ...onNotification(record)],
  }
}

export type OrdersInMemory = ReturnType<typeof createOrdersInMemory>
