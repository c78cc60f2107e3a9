import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { loadConfig } from '@tradewind/service-kit/config'
import { newId } from '@tradewind/service-kit/ids'
import { inAnHour, type RunningService, runInTest } from '@tradewind/service-testkit/running-service'
import { createPayments } from '../src/app.ts'
import { settings } from '../src/config.ts'
import type { Payment } from '../src/domain/payment.ts'
import type { PaymentProvider } from '../src/providers/payment-provider.ts'
import { createSimulator, type SimulatedCharge } from '../src/providers/simulator.ts'
import { migrations } from '../src/store/migrations.ts'
import { createPaymentRepository } from '../src/store/payment.repository.ts'

export interface PaymentsUnderTest extends RunningService {
  readonly app: ReturnType<typeof createPayments>
  readonly clock: { now: Date }
  readonly payment: (orderId: string) => Promise<Payment | undefined>
  /** What the provider's own ledger says. */
  readonly charge: (orderId: string) => Promise<SimulatedCharge | null>
  /** Payments that the sweeper reported as still unclear. */
  readonly failures: readonly string[]
}

interface Options {
  readonly mongodbUrl: string
  readonly natsUrl: string
  readonly database: string
  /** Puts faults of a test's own between the service and the provider. */
  readonly wrap?: (provider: PaymentProvider) => PaymentProvider
}

/** Payments as main.ts wires it; its sweeper runs when the test says so. */
export async function startPayments(options: Options): Promise<PaymentsUnderTest> {
  const { mongodbUrl, natsUrl, database, wrap = (provider) => provider } = options
  const config = loadConfig(settings, {
    MONGODB_URL: mongodbUrl,
    MONGODB_DATABASE: database,
    NATS_URL: natsUrl,
    JWKS_URL: 'http://auth.test/.well-known/jwks.json',
  })
  const clock = { now: inAnHour() }
  const failures: string[] = []
  const wired: Partial<Pick<PaymentsUnderTest, 'app' | 'payment'>> = {}
  const running = await runInTest('payments', config, async (context) => {
    const { db, ping } = await openDatabase(context, 'payments', migrations)
    const messaging = await openMessaging(context, 'payments', { isTransient: isUnavailable, ping })
    const now = () => clock.now
    const payments = createPaymentRepository(db, now)
    const app = createPayments({
      payments,
      provider: wrap(createSimulator(db, now)),
      now,
      newId,
      onFailure: (paymentId) => failures.push(paymentId),
    })
    const relay = messaging.relay(payments.outbox)
    messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers: app.onOrders })
    Object.assign(wired, { app, payment: (orderId: string) => payments.find(orderId.replace('ord_', 'pay_')) })
    return { db, parts: { routes: app.routes }, inFlight: relay.inFlight, consumers: [['orders', 'payments-orders']] }
  })
  const { app, payment } = wired
  if (app === undefined || payment === undefined) throw new Error('payments was not wired')
  const charges = running.db.collection<SimulatedCharge>('simulator_charges')
  const charge = (orderId: string) => charges.findOne({ _id: orderId.replace('ord_', 'pay_') })
  return { ...running, app, clock, payment, charge, failures }
}
