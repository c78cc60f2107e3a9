import { changed, unchanged } from '@tradewind/database/decision'
import { postponed } from '../domain/payment.ts'
import type { PaymentRepository } from '../store/payment.repository.ts'
import type { AdvancePayment } from './advance-payment.ts'

/** Carries on with payments that a crash or an unclear answer left behind. Any replica may run it, also at once. */
export type SweepPayments = () => Promise<number>

interface Ports {
  readonly payments: PaymentRepository
  readonly advance: AdvancePayment
  readonly now: () => Date
  readonly onFailure: (paymentId: string, error: unknown) => void
}

const batch = 50

export const makeSweepPayments =
  ({ payments, advance, now, onFailure }: Ports): SweepPayments =>
  async () => {
    const due = await payments.dueBefore(now(), batch)
    await Promise.all(
      due.map(async (id) => {
        try {
          const payment = await payments.find(id)
          if (payment !== undefined) await advance(payment)
        } catch (error) {
          // One payment that stays unclear does not keep the others waiting: it goes to the end of the queue.
          onFailure(id, error)
          await payments.update(id, (before) => {
            const after = postponed(before, now())
            return after === before ? unchanged() : changed(after)
          })
        }
      }),
    )
    return due.length
  }
