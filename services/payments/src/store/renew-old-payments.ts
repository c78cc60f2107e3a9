import type { Db, Document } from 'mongodb'
import type { Capture, Payment, Refund } from '../domain/payment.ts'
import { captureAllIdOf, restRefundIdOf } from '../domain/payment.ts'
import { planned } from '../domain/plan.ts'

/** A payment from when it was captured and refunded as a whole only. */
interface OldPayment {
  readonly _id: string
  readonly orderId: string
  readonly status: 'authorizing' | 'authorized' | 'declined' | 'captured' | 'voided' | 'refunded'
  readonly wish: 'authorized' | 'captured' | 'cancelled'
  readonly amount?: { readonly amountMinor: number; readonly currency: string }
  readonly method?: string
  readonly capturedMinor: number
  readonly refundedMinor: number
  readonly ledger: Payment['ledger']
  readonly updatedAt: Date
}

const authorizationOf = {
  authorizing: 'none',
  authorized: 'held',
  declined: 'declined',
  captured: 'closed',
  voided: 'closed',
  refunded: 'closed',
} as const

/** The wishes of an old payment as sets, with the ids that its provider knows them by. */
function renewed(old: OldPayment): Payment {
  const { _id: id, orderId, status, wish, amount, method, capturedMinor, refundedMinor, ledger, updatedAt: at } = old
  const amountMinor = amount?.amountMinor ?? 0
  const isCaptured = status === 'captured' || status === 'refunded'
  const captures: Capture[] =
    isCaptured || wish === 'captured'
      ? [
          {
            id: captureAllIdOf(orderId),
            amountMinor: capturedMinor,
            isAll: true,
            state: isCaptured ? 'captured' : 'wanted',
            at,
          },
        ]
      : []
  const refunds: Refund[] =
    status === 'refunded'
      ? [
          {
            id: restRefundIdOf(orderId),
            amountMinor,
            reason: 'the order was cancelled',
            isRest: true,
            state: 'succeeded',
            at,
          },
        ]
      : []
  const payment: Payment = {
    id,
    orderId,
    status,
    authorization: authorizationOf[status],
    ...(amount !== undefined && { amount, provider: 'simulator' }),
    ...(method !== undefined && { method }),
    captures,
    refunds,
    isCancelled: wish === 'cancelled',
    capturedMinor,
    refundedMinor,
    ledger,
  }
  return planned(payment, at)
}

/** Gives payments of the first form their sets. Safe to run again: those that have them are left alone. */
export async function renewOldPayments(db: Db): Promise<void> {
  const payments = db.collection<OldPayment>('payments')
  for await (const old of payments.find({ wish: { $exists: true } })) {
    const { id: _id, ...rest } = renewed(old)
    const fields: Document = rest
    await payments.updateOne(
      { _id: old._id, wish: old.wish },
      { $set: fields, $unset: { wish: '' }, $inc: { version: 1 } },
    )
  }
  await renewOldCharges(db)
}

interface OldCharge {
  readonly _id: string
  readonly amountMinor: number
  readonly captures: number
  readonly refunds: number
}

/** The simulated provider's ledger, which was of whole amounts, too. */
async function renewOldCharges(db: Db): Promise<void> {
  const charges = db.collection<OldCharge>('simulator_charges')
  for await (const { _id, amountMinor, captures, refunds } of charges.find({ capturedParts: { $exists: false } })) {
    const orderId = _id.replace(/^pay_/, 'ord_')
    const fields = {
      capturedMinor: captures * amountMinor,
      capturedParts: captures === 0 ? [] : [{ id: captureAllIdOf(orderId), amountMinor }],
      refundedMinor: refunds * amountMinor,
      refundedParts: refunds === 0 ? [] : [{ id: restRefundIdOf(orderId), amountMinor }],
    }
    await charges.updateOne({ _id }, { $set: fields })
  }
}
