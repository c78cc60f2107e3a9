import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { every } from '@tradewind/service-kit/every'
import { newId } from '@tradewind/service-kit/ids'
import { runService } from '@tradewind/service-kit/service'
import { createPayments } from './app.ts'
import { loadPaymentsConfig } from './config.ts'
import { createSimulator } from './providers/simulator.ts'
import { migrations } from './store/migrations.ts'
import { createPaymentRepository } from './store/payment.repository.ts'

await runService('payments', loadPaymentsConfig, async (context) => {
  const { logger } = context
  const { db, ping } = await openDatabase(context, 'payments', migrations)
  const messaging = await openMessaging(context, 'payments', { isTransient: isUnavailable, ping })
  const now = () => new Date()
  const payments = createPaymentRepository(db, now)
  const service = createPayments({
    payments,
    provider: createSimulator(db, now),
    now,
    newId,
    onFailure: (paymentId, error) => logger.warn({ err: error, paymentId }, 'a payment is still unclear'),
  })
  messaging.relay(payments.outbox)
  messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers: service.onOrders })
  every(context, 'payment sweeper', 1000, service.sweep)
  return { routes: service.routes, isUnavailable }
})
