import { type Difference, differenceOf } from '../domain/reconciliation.ts'
import type { PaymentProvider } from '../providers/payment-provider.ts'
import type { PaymentRepository, StoredPayment } from '../store/payment.repository.ts'
import { targetOf } from './advance-payment.ts'

/** Compares one payment with the provider. Undefined when they agree, and while the payment is still under way. */
export type ComparePayment = (payment: StoredPayment) => Promise<Difference | undefined>

interface Ports {
  readonly payments: PaymentRepository
  readonly provider: PaymentProvider
}

/** A payment that changes while it is compared is compared again so often, and then left to the next run. */
const maxAttempts = 3

export const makeComparePayment =
  ({ payments, provider }: Ports): ComparePayment =>
  async (payment) => {
    let current = payment
    for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
      const { amount, intent, refunds } = current
      const isUnderWay = intent !== undefined || refunds.some(({ state }) => state === 'pending')
      const isElsewhere = current.provider !== undefined && current.provider !== provider.name
      if (amount === undefined || amount.amountMinor === 0 || isUnderWay || isElsewhere) return undefined
      const difference = differenceOf(current, await provider.lookUp(targetOf(current, provider)))
      if (difference === undefined) return undefined
      const again = await payments.find(current.id)
      if (again === undefined || again.version === current.version) return difference
      current = again
    }
    return undefined
  }
