import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openOperatorLog, operatorLogMigration } from '@tradewind/database/operator-log'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { every, sweepAtRestMs } from '@tradewind/service-kit/every'
import { newId } from '@tradewind/service-kit/ids'
import { runService } from '@tradewind/service-kit/service'
import { createPayments } from './app.ts'
import { loadPaymentsConfig, reconcileHourOf } from './config.ts'
import { limitCalls } from './providers/limited-provider.ts'
import { createSimulator } from './providers/simulator.ts'
import { createStripe } from './providers/stripe.ts'
import { createDifferenceRepository } from './store/difference.repository.ts'
import { migrations } from './store/migrations.ts'
import { createPaymentRepository } from './store/payment.repository.ts'
import { createReconciliationRepository } from './store/reconciliation.repository.ts'
import { createRequestClaims } from './store/request-claims.ts'
import { createWebhookEvents } from './store/webhook-events.ts'

/** Per replica. Stripe takes a hundred calls a second of one account. */
const providerLimits = { atOnce: 64, waiting: 1024 }

await runService('payments', loadPaymentsConfig, async (context) => {
  const { logger, config } = context
  const { db, ping } = await openDatabase(context, 'payments', [...migrations, operatorLogMigration])
  const messaging = await openMessaging(context, 'payments', { isTransient: isUnavailable, ping })
  const now = () => new Date()
  const operatorLog = openOperatorLog(context, db, 'payments')
  const payments = createPaymentRepository(db, now)
  const differences = createDifferenceRepository(db, now)
  const simulator = config.PAYMENTS_PROVIDER === 'simulator' ? createSimulator(db, now) : undefined
  const stripe = () =>
    createStripe(
      {
        secretKey: config.PAYMENTS_STRIPE_SECRET_KEY ?? '',
        webhookSecret: config.PAYMENTS_STRIPE_WEBHOOK_SECRET ?? '',
        apiBase: config.PAYMENTS_STRIPE_API_BASE,
      },
      now,
    )
  const service = createPayments({
    payments,
    claims: createRequestClaims(db, now),
    webhookEvents: createWebhookEvents(db, now),
    reconciliations: createReconciliationRepository(db, now),
    differences,
    provider: limitCalls(simulator ?? stripe(), providerLimits),
    script: simulator?.script,
    reconcileHour: reconcileHourOf(config),
    now,
    newId,
    onFailure: (paymentId, error) => logger.warn({ err: error, paymentId }, 'a payment is still unclear'),
    onUnknownWebhook: (eventId) => logger.warn({ eventId }, 'a webhook is about no payment of ours'),
  })
  messaging.relay(operatorLog.outbox, payments.outbox, differences.outbox)
  const handlers = service.onOrders
  messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers })
  messaging.subscribe({ from: 'orders', name: 'fulfilments', filter: 'orders.fulfilment.>', handlers })
  messaging.subscribe({ from: 'orders', name: 'refunds', filter: 'orders.refund.>', handlers })
  every(context, 'payment sweeper', 1000, service.sweep, sweepAtRestMs)
  every(context, 'reconciliation worker', 1000, service.reconciliations.run, sweepAtRestMs)
  // Asked before the worker is waited for: the run under way stops at its next batch and another replica carries on.
  context.onShutdown('reconciliations', service.reconciliations.stop)
  every(context, 'reconciliation schedule', 60_000, service.scheduleReconciliation)
  every(context, 'record sweeper', 3600_000, service.forgetOldRecords)
  if (simulator !== undefined) {
    const receive = (webhook: { body: Buffer; signature: string }) =>
      service.receiveWebhook({ provider: simulator.name, ...webhook })
    every(context, 'simulated webhooks', 500, () => simulator.deliverWebhooks(receive), sweepAtRestMs)
  }
  return { routes: service.routes, operatorLog, isUnavailable }
})
