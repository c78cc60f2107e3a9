import type { Payment, Refund } from '@tradewind/contracts/payments'
import type { Refund as RefundState } from '../domain/payment.ts'
import type { StoredPayment } from '../store/payment.repository.ts'

export function presentPayment(payment: StoredPayment, activeProvider: string): Payment {
  const { id, orderId, status, amount, capturedMinor, refundedMinor, captures, refunds, ledger } = payment
  const { provider = activeProvider, providerRef, declineReason, voidedBy, createdAt, updatedAt } = payment
  return {
    id,
    orderId,
    status,
    amount: amount ?? null,
    capturedMinor,
    refundedMinor,
    captures: captures.map(({ id: captureId, amountMinor, state, isLast = false, failure, requestedBy, at }) => ({
      id: captureId,
      amountMinor,
      state,
      isLast,
      ...(failure !== undefined && { failure }),
      ...(requestedBy !== undefined && { requestedBy }),
      requestedAt: at.toISOString(),
    })),
    refunds: refunds.map(presentRefund),
    ledger: ledger.map(({ at, ...entry }) => ({ at: at.toISOString(), ...entry })),
    provider,
    ...(providerRef !== undefined && { providerRef }),
    ...(declineReason !== undefined && { declineReason }),
    ...(voidedBy !== undefined && { voidedBy }),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
  }
}

export const presentRefund = ({ id, amountMinor, reason, state, failure, requestedBy, at }: RefundState): Refund => ({
  id,
  amountMinor,
  reason,
  state,
  ...(failure !== undefined && { failure }),
  ...(requestedBy !== undefined && { requestedBy }),
  requestedAt: at.toISOString(),
})
