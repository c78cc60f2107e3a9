import type { ImplementedRoute } from '@tradewind/service-kit/route'
import type { SagaTimes } from './domain/order-saga.ts'
import { onNotification } from './events/on-notification.ts'
import { onPayment } from './events/on-payment.ts'
import { onProductUpserted } from './events/on-product-upserted.ts'
import { onReservation } from './events/on-reservation.ts'
import { onStockRestocked } from './events/on-stock-restocked.ts'
import { onUserErased } from './events/on-user-erased.ts'
import { cancelOrder } from './http/cancel-order.route.ts'
import { discountCodes } from './http/discount-codes.route.ts'
import { editOrder } from './http/edit-order.route.ts'
import { fulfilmentRoutes } from './http/fulfilments.route.ts'
import { getOrder } from './http/get-order.route.ts'
import { getTimeline } from './http/get-timeline.route.ts'
import { listOrders } from './http/list-orders.route.ts'
import { placeOrder } from './http/place-order.route.ts'
import { refundOrder } from './http/refund-order.route.ts'
import { returnRoutes } from './http/returns.route.ts'
import { getSaga, listSagas, repairSaga } from './http/sagas.route.ts'
import { streamOrder } from './http/stream-order.route.ts'
import type { ShippingCalculator } from './rates/shipping-rates.ts'
import type { TaxCalculator } from './rates/tax-rates.ts'
import type { Answers } from './store/answers.ts'
import type { CatalogueRepository } from './store/catalogue.repository.ts'
import type { DiscountRepository } from './store/discount.repository.ts'
import type { ErasedPersons } from './store/erased-persons.ts'
import type { OrderRepository } from './store/order.repository.ts'
import type { OrderNumbers } from './store/order-numbers.ts'
import { createAdmission } from './use-cases/admission.ts'
import { makeAwaitDecision } from './use-cases/await-decision.ts'
import { makeCancelOrder } from './use-cases/cancel-order.ts'
import { makeCarryOnEdits } from './use-cases/carry-on-edits.ts'
import { makeChangeOrder } from './use-cases/change-order.ts'
import { makeClaimDiscount } from './use-cases/claim-discount.ts'
import { makeEditOrder } from './use-cases/edit-order.ts'
import { makeErasePerson } from './use-cases/erase-person.ts'
import { isFollowed, makeFollowOrder } from './use-cases/follow-order.ts'
import { makeFulfilOrder } from './use-cases/fulfil-order.ts'
import { makeKeepCatalogue } from './use-cases/keep-catalogue.ts'
import { makeManageDiscounts } from './use-cases/manage-discounts.ts'
import { createOrderNotice } from './use-cases/order-notice.ts'
import { makePlaceOrder } from './use-cases/place-order.ts'
import { makePriceOrder } from './use-cases/price-order.ts'
import { makeReadOrders } from './use-cases/read-orders.ts'
import { makeReadPerson } from './use-cases/read-person.ts'
import { makeReadSagas } from './use-cases/read-sagas.ts'
import { makeReconcileOrders } from './use-cases/reconcile-orders.ts'
import { makeRecordFact } from './use-cases/record-fact.ts'
import { makeRefundOrder } from './use-cases/refund-order.ts'
import { createReminderBudget } from './use-cases/reminder-budget.ts'
import { makeRepairSaga } from './use-cases/repair-saga.ts'
import { makeReturnUnits } from './use-cases/return-units.ts'
import { makeSettleDiscounts } from './use-cases/settle-discounts.ts'

export interface OrdersPorts {
  readonly orders: OrderRepository
  readonly catalogue: CatalogueRepository
  readonly discounts: DiscountRepository
  readonly tax: TaxCalculator
  readonly shipping: ShippingCalculator
  readonly defaultCountry: string | undefined
  readonly numbers: OrderNumbers
  readonly answers: Answers
  readonly erasedPersons: ErasedPersons
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  readonly times: SagaTimes
  /** When money is taken for orders that are placed now. */
  readonly capture: 'now' | 'on_ship'
  /** How long after its delivery a unit may be sent back. */
  readonly returnDays: number
}

/** Wires the service; no I/O happens here. */
export function createOrders(given: OrdersPorts) {
  const admission = createAdmission(() => performance.now())
  const noticing = { ...given, notice: createOrderNotice(), admission, reminders: createReminderBudget() }
  const ports = { ...noticing, carryOnEdits: makeCarryOnEdits(noticing), changes: makeChangeOrder(noticing) }
  const placing = { ...ports, priceOrder: makePriceOrder(ports), claimDiscount: makeClaimDiscount(ports) }
  const record = makeRecordFact(ports)
  const readOrders = makeReadOrders(ports.orders)
  const sagas = makeReadSagas(ports)
  const cancel = makeCancelOrder(ports)
  const routes: ImplementedRoute[] = [
    placeOrder({
      placeOrder: makePlaceOrder(placing),
      awaitDecision: makeAwaitDecision(ports),
      answers: ports.answers,
      admission,
    }),
    ...discountCodes(makeManageDiscounts(ports)),
    getOrder(readOrders),
    listOrders(readOrders),
    cancelOrder(cancel),
    getTimeline(readOrders),
    listSagas(sagas),
    getSaga(sagas),
    repairSaga(makeRepairSaga({ ...ports, cancel }), sagas),
    ...fulfilmentRoutes(makeFulfilOrder(ports)),
    ...returnRoutes(makeReturnUnits(ports)),
    editOrder(makeEditOrder(ports)),
    refundOrder(makeRefundOrder(ports)),
    streamOrder({ orders: readOrders, follow: makeFollowOrder(ports), isFollowed }),
  ]
  return {
    routes,
    onProducts: [onProductUpserted(makeKeepCatalogue(ports.catalogue))],
    onReservations: onReservation(record),
    onRestocks: [onStockRestocked(record)],
    onPayments: onPayment(record),
    onNotifications: onNotification(record),
    onUsers: [onUserErased(makeErasePerson(ports))],
    person: makeReadPerson(ports),
    reconcile: makeReconcileOrders(ports),
    settleDiscounts: makeSettleDiscounts(ports),
    /** The address given with an order, for mails. */
    contactOf: async (orderId: string) => {
      const order = await ports.orders.find(orderId)
      return order?.email === undefined ? null : { email: order.email }
    },
  }
}
