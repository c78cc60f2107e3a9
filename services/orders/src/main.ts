import { deadLetterReplayQuery } from '@tradewind/contracts/dead-letters'
import { OrderContactQueryV1 } from '@tradewind/contracts/orders'
import { OpenOrdersQueryV1, OrdersPersonDataQueryV1 } from '@tradewind/contracts/privacy'
import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openOperatorLog, operatorLogMigration } from '@tradewind/database/operator-log'
import { openDeadLetters } from '@tradewind/messaging/dead-letters'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { answerQuery, askQuery } from '@tradewind/messaging/query'
import { every, sweepAtRestMs } from '@tradewind/service-kit/every'
import { newId } from '@tradewind/service-kit/ids'
import { runService } from '@tradewind/service-kit/service'
import { createOrders } from './app.ts'
import { loadOrdersConfig, ratesOf } from './config.ts'
import { deadLetterRoutes } from './http/dead-letters.route.ts'
import { measuredOrders } from './measured-orders.ts'
import { createShippingRates } from './rates/shipping-rates.ts'
import { createTaxRates } from './rates/tax-rates.ts'
import { createAnswers } from './store/answers.ts'
import { createCatalogueRepository } from './store/catalogue.repository.ts'
import { createDiscountRepository } from './store/discount.repository.ts'
import { createErasedPersons } from './store/erased-persons.ts'
import { migrations } from './store/migrations.ts'
import { createOrderRepository } from './store/order.repository.ts'
import { createOrderNumbers } from './store/order-numbers.ts'
import { makeRepairDeadLetters } from './use-cases/repair-dead-letters.ts'

await runService('orders', loadOrdersConfig, async (context) => {
  const { db, ping } = await openDatabase(context, 'orders', [...migrations, operatorLogMigration])
  const messaging = await openMessaging(context, 'orders', { isTransient: isUnavailable, ping })
  const now = () => new Date()
  const operatorLog = openOperatorLog(context, db, 'orders')
  const orders = measuredOrders(createOrderRepository(db, now), context.metrics, now)
  const erasedPersons = createErasedPersons(db, now)
  const { taxRates, shippingRates } = ratesOf(context.config)
  const service = createOrders({
    orders,
    catalogue: createCatalogueRepository(db),
    discounts: createDiscountRepository(db, now),
    tax: createTaxRates(taxRates),
    shipping: createShippingRates(shippingRates),
    defaultCountry: context.config.DEFAULT_COUNTRY,
    numbers: createOrderNumbers(db),
    answers: createAnswers(db, now),
    erasedPersons,
    now,
    newId,
    times: {
      reminderMs: context.config.REMINDER_SECONDS * 1000,
      stepDeadlineMs: context.config.STEP_DEADLINE_MINUTES * 60_000,
    },
    capture: context.config.ORDERS_CAPTURE,
    returnDays: context.config.ORDERS_RETURN_DAYS,
  })
  messaging.relay(operatorLog.outbox, orders.outbox, erasedPersons.outbox)
  const { onProducts, onReservations, onRestocks, onPayments, onNotifications, onUsers } = service
  messaging.subscribe({ from: 'inventory', name: 'products', filter: 'inventory.product.>', handlers: onProducts })
  messaging.subscribe({
    from: 'inventory',
    name: 'reservations',
    filter: 'inventory.reservation.>',
    handlers: onReservations,
  })
  messaging.subscribe({
    from: 'inventory',
    name: 'restocks',
    filter: 'inventory.stock.restocked.>',
    handlers: onRestocks,
  })
  messaging.subscribe({ from: 'payments', name: 'payments', filter: 'payments.>', handlers: onPayments })
  messaging.subscribe({
    from: 'notifications',
    name: 'notifications',
    filter: 'notifications.notification.>',
    handlers: onNotifications,
  })
  messaging.subscribe({ from: 'auth', name: 'users', filter: 'auth.user.erased.>', handlers: onUsers })
  answerQuery(messaging, OpenOrdersQueryV1, async ({ userId }) => ({
    open: await service.person.countOpenOrders(userId),
  }))
  answerQuery(messaging, OrdersPersonDataQueryV1, ({ userId, after }) => service.person.dataOf(userId, after))
  answerQuery(messaging, OrderContactQueryV1, async ({ orderId }) => ({ contact: await service.contactOf(orderId) }))
  every(context, 'order reconciler', 1000, service.reconcile, sweepAtRestMs)
  every(context, 'discount uses', 1000, service.settleDiscounts, sweepAtRestMs)
  const letters = openDeadLetters(messaging)
  context.metrics.readOnScrape({
    name: 'dead_letters_waiting',
    help: 'Events that consumers gave up and that nobody has replayed or discarded. The same on every replica',
    read: async () => [{ value: await letters.count() }],
  })
  const repair = makeRepairDeadLetters({
    letters,
    askReplay: async ({ service: owner, sequence }) =>
      (await askQuery(messaging, deadLetterReplayQuery(owner))({ sequence })).failure ?? undefined,
    note: (what, { eventId, subject, consumer }, detail) =>
      context.logger.info({ eventId, subject, consumer, ...detail }, what),
  })
  return { routes: [...service.routes, ...deadLetterRoutes(repair)], operatorLog, isUnavailable }
})
