import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { onOrder } from './events/on-order.ts'
import { postCapture, postRefund, postVoid } from './http/payment-commands.route.ts'
import { getPayment, listPayments } from './http/payments.route.ts'
import {
  getReconciliation,
  listDifferences,
  listReconciliations,
  postReconciliation,
} from './http/reconciliations.route.ts'
import { postSimulatorScript } from './http/simulator-script.route.ts'
import { postWebhook } from './http/webhooks.route.ts'
import type { PaymentProvider } from './providers/payment-provider.ts'
import type { Simulator } from './providers/simulator.ts'
import type { DifferenceRepository } from './store/difference.repository.ts'
import type { PaymentRepository } from './store/payment.repository.ts'
import type { ReconciliationRepository } from './store/reconciliation.repository.ts'
import type { RequestClaims } from './store/request-claims.ts'
import type { WebhookEvents } from './store/webhook-events.ts'
import { makeAdvancePayment } from './use-cases/advance-payment.ts'
import { makeCommandPayment } from './use-cases/command-payment.ts'
import { makeComparePayment } from './use-cases/compare-payment.ts'
import { makeForgetOldRecords } from './use-cases/forget-old-records.ts'
import { makeReadPayment } from './use-cases/read-payment.ts'
import { makeReadReconciliation } from './use-cases/read-reconciliation.ts'
import { makeReceiveWebhook } from './use-cases/receive-webhook.ts'
import { makeRequestPayment } from './use-cases/request-payment.ts'
import { makeRunReconciliations } from './use-cases/run-reconciliations.ts'
import { makeScriptSimulator } from './use-cases/script-simulator.ts'
import { makeScheduleReconciliation, makeStartReconciliation } from './use-cases/start-reconciliation.ts'
import { makeSweepPayments } from './use-cases/sweep-payments.ts'

export interface PaymentsPorts {
  readonly payments: PaymentRepository
  readonly claims: RequestClaims
  readonly webhookEvents: WebhookEvents
  readonly reconciliations: ReconciliationRepository
  readonly differences: DifferenceRepository
  readonly provider: PaymentProvider
  /** The script of the simulator, where that is the provider. */
  readonly script?: Simulator['script'] | undefined
  /** Hour of the daily comparison with the provider, in UTC; undefined for none. */
  readonly reconcileHour: number | undefined
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  readonly onFailure: (paymentId: string, error: unknown) => void
  readonly onUnknownWebhook: (eventId: string) => void
}

/** Wires the service; no I/O happens here. */
export function createPayments(ports: PaymentsPorts) {
  const { payments, reconciliations, differences, provider } = ports
  const acting = { ...ports, advance: makeAdvancePayment(ports) }
  const command = makeCommandPayment(acting)
  const receiveWebhook = makeReceiveWebhook(acting)
  const readRun = makeReadReconciliation(ports)
  const routes: ImplementedRoute[] = [
    getPayment(makeReadPayment(ports), provider.name),
    listPayments(payments, provider.name),
    postCapture(command, provider.name),
    postVoid(command, provider.name),
    postRefund(command),
    postWebhook(receiveWebhook),
    postSimulatorScript(makeScriptSimulator(ports)),
    postReconciliation(makeStartReconciliation(ports)),
    listReconciliations(reconciliations),
    getReconciliation(readRun),
    listDifferences(readRun, differences),
  ]
  return {
    routes,
    onOrders: onOrder(makeRequestPayment(acting)),
    sweep: makeSweepPayments(acting),
    receiveWebhook,
    reconciliations: makeRunReconciliations({ ...ports, compare: makeComparePayment(ports) }),
    scheduleReconciliation: makeScheduleReconciliation(ports, ports.reconcileHour),
    forgetOldRecords: makeForgetOldRecords(ports),
  }
}
