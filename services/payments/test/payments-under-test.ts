import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { loadConfig } from '@tradewind/service-kit/config'
import { newId } from '@tradewind/service-kit/ids'
import { inAnHour, type RunningService, runInTest } from '@tradewind/service-testkit/running-service'
import type { Db } from 'mongodb'
import { createPayments } from '../src/app.ts'
import { settings } from '../src/config.ts'
import type { Payment } from '../src/domain/payment.ts'
import type { PaymentProvider } from '../src/providers/payment-provider.ts'
import type { SimulatedCharge } from '../src/providers/simulated-charge.ts'
import { createSimulator, type Simulator } from '../src/providers/simulator.ts'
import { createSimulatorCharges } from '../src/providers/simulator-charges.ts'
import type { SimulatorRule } from '../src/providers/simulator-script.ts'
import { createDifferenceRepository } from '../src/store/difference.repository.ts'
import { migrations } from '../src/store/migrations.ts'
import { createPaymentRepository, type PaymentRepository } from '../src/store/payment.repository.ts'
import {
  createReconciliationRepository,
  type ReconciliationRepository,
} from '../src/store/reconciliation.repository.ts'
import { createRequestClaims } from '../src/store/request-claims.ts'
import { createWebhookEvents } from '../src/store/webhook-events.ts'

interface Parts {
  readonly app: ReturnType<typeof createPayments>
  readonly payments: PaymentRepository
  readonly reconciliations: ReconciliationRepository
  readonly simulator: Simulator
  /** Another process on the same database. */
  readonly replica: () => ReturnType<typeof createPayments>
}

export interface PaymentsUnderTest extends RunningService, Parts {
  readonly clock: { now: Date }
  readonly payment: (orderId: string) => Promise<Payment | undefined>
  /** What the provider's own ledger says. */
  readonly charge: (orderId: string) => Promise<SimulatedCharge | undefined>
  /** Payments that the sweeper reported as still unclear. */
  readonly failures: readonly string[]
  /** Webhooks that were about no payment of ours. */
  readonly unknownWebhooks: readonly string[]
  /** Tells the simulator how to answer the next calls. */
  readonly script: (rule: Partial<SimulatorRule> & Pick<SimulatorRule, 'step'>) => Promise<void>
  /** Sends the simulator's webhooks that are due. */
  readonly sendWebhooks: () => Promise<number>
}

interface Options {
  readonly mongodbUrl: string
  readonly natsUrl: string
  readonly database: string
  /** Puts a test's own between the service and the provider, or another provider in its place. */
  readonly wrap?: (provider: PaymentProvider) => PaymentProvider
  /** Hour of the daily comparison, which is off otherwise. */
  readonly reconcileHour?: number
}

export const paymentIdOf = (orderId: string): string => orderId.replace('ord_', 'pay_')

/** Payments as main.ts wires it; its sweepers and workers run when the test says so. */
export async function startPayments(options: Options): Promise<PaymentsUnderTest> {
  const { mongodbUrl, natsUrl, database, wrap = (provider) => provider, reconcileHour } = options
  const config = loadConfig(settings, {
    MONGODB_URL: mongodbUrl,
    MONGODB_DATABASE: database,
    NATS_URL: natsUrl,
    JWKS_URL: 'http://auth.test/.well-known/jwks.json',
    PAYMENTS_RECONCILE_HOUR: 'off',
  })
  const clock = { now: inAnHour() }
  const now = () => clock.now
  const failures: string[] = []
  const unknownWebhooks: string[] = []
  const wired: { parts?: Parts } = {}

  const wire = (db: Db) => {
    const simulator = createSimulator(db, now)
    const provider = wrap(simulator)
    const payments = createPaymentRepository(db, now)
    const differences = createDifferenceRepository(db, now)
    const reconciliations = createReconciliationRepository(db, now)
    const app = createPayments({
      payments,
      differences,
      reconciliations,
      claims: createRequestClaims(db, now),
      webhookEvents: createWebhookEvents(db, now),
      provider,
      script: provider.name === 'simulator' ? simulator.script : undefined,
      reconcileHour,
      now,
      newId,
      onFailure: (paymentId) => failures.push(paymentId),
      onUnknownWebhook: (eventId) => unknownWebhooks.push(eventId),
    })
    return { app, payments, differences, reconciliations, simulator }
  }

  const running = await runInTest('payments', config, async (context) => {
    const { db, ping } = await openDatabase(context, 'payments', migrations)
    const messaging = await openMessaging(context, 'payments', { isTransient: isUnavailable, ping })
    const { app, payments, differences, reconciliations, simulator } = wire(db)
    const relay = messaging.relay(payments.outbox, differences.outbox)
    messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers: app.onOrders })
    messaging.subscribe({ from: 'orders', name: 'fulfilments', filter: 'orders.fulfilment.>', handlers: app.onOrders })
    messaging.subscribe({ from: 'orders', name: 'refunds', filter: 'orders.refund.>', handlers: app.onOrders })
    wired.parts = { app, payments, reconciliations, simulator, replica: () => wire(db).app }
    return {
      db,
      parts: { routes: app.routes },
      inFlight: relay.inFlight,
      consumers: [
        ['orders', 'payments-orders'],
        ['orders', 'payments-fulfilments'],
        ['orders', 'payments-refunds'],
      ],
    }
  })
  const { parts } = wired
  if (parts === undefined) throw new Error('payments was not wired')
  const charges = createSimulatorCharges(running.db, () => clock.now)
  const { app, simulator, payments } = parts
  return {
    ...running,
    ...parts,
    clock,
    failures,
    unknownWebhooks,
    payment: (orderId) => payments.find(paymentIdOf(orderId)),
    charge: (orderId) => charges.find(paymentIdOf(orderId)),
    script: (rule) =>
      simulator.script({ id: newId('scr'), outcome: 'as_usual', webhook: 'none', delayMs: 0, times: 1, ...rule }),
    sendWebhooks: () =>
      simulator.deliverWebhooks((webhook) => app.receiveWebhook({ provider: 'simulator', ...webhook })),
  }
}
