import type { PaymentRepository, StoredPayment } from '../store/payment.repository.ts'
import { PaymentNotFound } from './payment-not-found.ts'

/** Throws `PaymentNotFound`. */
export type ReadPayment = (paymentId: string) => Promise<StoredPayment>

export const makeReadPayment =
  ({ payments }: { readonly payments: PaymentRepository }): ReadPayment =>
  async (paymentId) => {
    const payment = await payments.find(paymentId)
    if (payment === undefined) throw PaymentNotFound({ paymentId })
    return payment
  }
