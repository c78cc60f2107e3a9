import { planned } from '../domain/plan.ts'
import { learn } from '../domain/provider-facts.ts'
import type { PaymentProvider } from '../providers/payment-provider.ts'
import type { PaymentRepository } from '../store/payment.repository.ts'
import { type AdvancePayment, targetOf } from './advance-payment.ts'
import { decided } from './payment-events.ts'

/** Carries on with payments that a crash or an unclear answer left behind. Any replica may run it, also at once. */
export type SweepPayments = () => Promise<number>

interface Ports {
  readonly payments: PaymentRepository
  readonly provider: PaymentProvider
  readonly advance: AdvancePayment
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  readonly onFailure: (paymentId: string, error: unknown) => void
}

const batch = 50

export const makeSweepPayments = (ports: Ports): SweepPayments => {
  const { payments, provider, advance, now, newId, onFailure } = ports

  async function carryOn(id: string): Promise<void> {
    const found = await payments.find(id)
    if (found === undefined) return
    if (found.intent !== undefined) return void (await advance(found))
    // A refund that the provider had not finished.
    const record = found.refunds.some(({ state }) => state === 'pending')
      ? await provider.lookUp(targetOf(found, provider))
      : undefined
    const saved = await payments.update(id, (before) => {
      const known = record === undefined ? before : learn(before, record, now())
      return decided(before, planned(known, now()), newId)
    })
    if (saved.intent !== undefined) await advance(saved)
  }

  return async () => {
    const due = await payments.dueBefore(now(), batch)
    await Promise.all(
      due.map(async (id) => {
        try {
          await carryOn(id)
        } catch (error) {
          // One payment that stays unclear does not keep the others waiting: it goes to the end of the queue.
          onFailure(id, error)
          await payments.update(id, (before) => decided(before, planned(before, now()), newId))
        }
      }),
    )
    return due.length
  }
}
