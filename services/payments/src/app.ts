import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { onOrder } from './events/on-order.ts'
import { getPayment, listPayments } from './http/payments.route.ts'
import type { PaymentProvider } from './providers/payment-provider.ts'
import type { PaymentRepository } from './store/payment.repository.ts'
import { makeAdvancePayment } from './use-cases/advance-payment.ts'
import { makeRequestPayment } from './use-cases/request-payment.ts'
import { makeSweepPayments } from './use-cases/sweep-payments.ts'

export interface PaymentsPorts {
  readonly payments: PaymentRepository
  readonly provider: PaymentProvider
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  readonly onFailure: (paymentId: string, error: unknown) => void
}

/** Wires the service; no I/O happens here. */
export function createPayments(ports: PaymentsPorts) {
  const { payments, provider } = ports
  const advance = makeAdvancePayment(ports)
  const routes: ImplementedRoute[] = [getPayment(payments, provider.name), listPayments(payments, provider.name)]
  return {
    routes,
    onOrders: onOrder(makeRequestPayment({ ...ports, advance })),
    sweep: makeSweepPayments({ ...ports, advance }),
  }
}
