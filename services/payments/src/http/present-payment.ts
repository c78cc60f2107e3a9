import type { Payment } from '@tradewind/contracts/payments'
import type { StoredPayment } from '../store/payment.repository.ts'

export function presentPayment(payment: StoredPayment, provider: string): Payment {
  const { id, orderId, status, amount, capturedMinor, refundedMinor, declineReason, createdAt, updatedAt } = payment
  return {
    id,
    orderId,
    status,
    amount: amount ?? null,
    capturedMinor,
    refundedMinor,
    provider,
    ...(declineReason !== undefined && { declineReason }),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}
