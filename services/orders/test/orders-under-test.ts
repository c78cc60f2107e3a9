import { deadLetterReplayQuery } from '@tradewind/contracts/dead-letters'
import { OrderContactQueryV1 } from '@tradewind/contracts/orders'
import { OpenOrdersQueryV1, OrdersPersonDataQueryV1 } from '@tradewind/contracts/privacy'
import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openDeadLetters } from '@tradewind/messaging/dead-letters'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { answerQuery, askQuery } from '@tradewind/messaging/query'
import { loadConfig } from '@tradewind/service-kit/config'
import { newId } from '@tradewind/service-kit/ids'
import { inAnHour, type RunningService, runInTest } from '@tradewind/service-testkit/running-service'
import { createOrders } from '../src/app.ts'
import { ratesOf, settings } from '../src/config.ts'
import { deadLetterRoutes } from '../src/http/dead-letters.route.ts'
import { createShippingRates } from '../src/rates/shipping-rates.ts'
import { createTaxRates } from '../src/rates/tax-rates.ts'
import { createAnswers } from '../src/store/answers.ts'
import { createCatalogueRepository } from '../src/store/catalogue.repository.ts'
import { createDiscountRepository } from '../src/store/discount.repository.ts'
import { createErasedPersons } from '../src/store/erased-persons.ts'
import { migrations } from '../src/store/migrations.ts'
import { createOrderRepository, type OrderRepository } from '../src/store/order.repository.ts'
import { createOrderNumbers } from '../src/store/order-numbers.ts'
import { makeRepairDeadLetters } from '../src/use-cases/repair-dead-letters.ts'

export interface OrdersUnderTest extends RunningService {
  readonly app: ReturnType<typeof createOrders>
  readonly clock: { now: Date }
}

interface Options {
  readonly mongodbUrl: string
  readonly natsUrl: string
  readonly database: string
  /** Variables beside the necessary ones. */
  readonly env?: Readonly<Record<string, string>>
  readonly capture?: 'now' | 'on_ship'
  /** Puts something of a test's own between the use cases and their store. */
  readonly wrap?: (orders: OrderRepository) => OrderRepository
}

export const returnDays = 30
export const times = { reminderMs: 5000, stepDeadlineMs: 600_000 }

/** Orders as main.ts wires it; its reconciler runs when the test says so. */
export async function startOrders(options: Options): Promise<OrdersUnderTest> {
  const { mongodbUrl, natsUrl, database, capture = 'now', wrap = (orders) => orders, env = {} } = options
  const config = loadConfig(settings, {
    MONGODB_URL: mongodbUrl,
    MONGODB_DATABASE: database,
    NATS_URL: natsUrl,
    JWKS_URL: 'http://auth.test/.well-known/jwks.json',
    ...env,
  })
  const clock = { now: inAnHour() }
  const wired: { app?: ReturnType<typeof createOrders> } = {}
  const running = await runInTest('orders', config, async (context) => {
    const { db, ping } = await openDatabase(context, 'orders', migrations)
    const messaging = await openMessaging(context, 'orders', { isTransient: isUnavailable, ping })
    const now = () => clock.now
    const orders = createOrderRepository(db, now)
    const erasedPersons = createErasedPersons(db, now)
    const { taxRates, shippingRates } = ratesOf(config)
    const app = createOrders({
      orders: wrap(orders),
      catalogue: createCatalogueRepository(db),
      discounts: createDiscountRepository(db, now),
      tax: createTaxRates(taxRates),
      shipping: createShippingRates(shippingRates),
      defaultCountry: config.DEFAULT_COUNTRY,
      numbers: createOrderNumbers(db),
      answers: createAnswers(db, now),
      erasedPersons,
      now,
      newId,
      times,
      capture,
      returnDays,
    })
    const relay = messaging.relay(orders.outbox, erasedPersons.outbox)
    const { onProducts, onReservations, onRestocks, onPayments, onNotifications, onUsers } = app
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
      open: await app.person.countOpenOrders(userId),
    }))
    answerQuery(messaging, OrdersPersonDataQueryV1, ({ userId, after }) => app.person.dataOf(userId, after))
    answerQuery(messaging, OrderContactQueryV1, async ({ orderId }) => ({ contact: await app.contactOf(orderId) }))
    const repair = makeRepairDeadLetters({
      letters: openDeadLetters(messaging),
      askReplay: async ({ service, sequence }) =>
        (await askQuery(messaging, deadLetterReplayQuery(service))({ sequence })).failure ?? undefined,
      note: () => undefined,
    })
    wired.app = app
    return {
      db,
      parts: { routes: [...app.routes, ...deadLetterRoutes(repair)] },
      inFlight: relay.inFlight,
      consumers: [
        ['inventory', 'orders-products'],
        ['inventory', 'orders-reservations'],
        ['inventory', 'orders-restocks'],
        ['payments', 'orders-payments'],
        ['notifications', 'orders-notifications'],
        ['auth', 'orders-users'],
      ],
    }
  })
  if (wired.app === undefined) throw new Error('orders was not wired')
  return { ...running, app: wired.app, clock }
}
