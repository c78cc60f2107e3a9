import type { Stored } from '@tradewind/database/aggregate-store'
import type { Payment } from '@tradewind/payments/domain/payment.ts'
import { onOrder } from '@tradewind/payments/events/on-order.ts'
import type { PaymentProvider } from '@tradewind/payments/providers/payment-provider.ts'
import type { PaymentRepository } from '@tradewind/payments/store/payment.repository.ts'
import { makeAdvancePayment } from '@tradewind/payments/use-cases/advance-payment.ts'
import { makeRequestPayment } from '@tradewind/payments/use-cases/request-payment.ts'
import { makeSweepPayments } from '@tradewind/payments/use-cases/sweep-payments.ts'
import { dueIds } from './due-ids.ts'
import type { createProcess } from './process.ts'

interface Options {
  readonly process: ReturnType<typeof createProcess>
  readonly memory: Map<string, Payment & Stored>
  readonly provider: PaymentProvider
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** The payments service on a store in memory. */
export function createPaymentsInMemory({ process, memory, provider, now, newId }: Options) {
  const { step, aggregates } = process
  const nobody = () => Promise.reject(new Error('nobody lists payments here'))
  const payments: PaymentRepository = {
    ...aggregates(memory),
    list: nobody,
    pageAfter: nobody,
    known: nobody,
    findByRef: nobody,
    dueBefore: (before, limit) => step(() => dueIds(memory.values(), before, limit)),
  }
  const ports = { payments, provider, now, newId, onFailure: () => undefined }
  const acting = { ...ports, advance: makeAdvancePayment(ports) }
  return { handlers: onOrder(makeRequestPayment(acting)), sweep: makeSweepPayments(acting) }
}
