import {
  CaptureFailedV1,
  PaymentAuthorizedV1,
  PaymentCapturedV1,
  PaymentDeclinedV1,
  PaymentVoidedV1,
  RefundFailedV1,
  RefundSucceededV1,
} from '@tradewind/contracts/payments'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { RecordFact } from '../use-cases/record-fact.ts'
import { timelineEntry } from './timeline-entry.ts'

// Safe to repeat and to reorder: a fact moves the order only from the status that waits for it.
export const onPayment = (record: RecordFact): EventHandler[] => [
  on(PaymentAuthorizedV1, (event) => {
    const { orderId, paymentId } = event.data
    return record(orderId, { type: 'payment-authorized', paymentId }, timelineEntry(event))
  }),
  on(PaymentDeclinedV1, (event) => record(event.data.orderId, { type: 'payment-declined' }, timelineEntry(event))),
  on(PaymentCapturedV1, (event) => {
    const { orderId, fulfilmentId, amount } = event.data
    const fact = { type: 'payment-captured' as const, amountMinor: amount.amountMinor }
    return record(orderId, { ...fact, ...(fulfilmentId !== undefined && { fulfilmentId }) }, timelineEntry(event))
  }),
  on(CaptureFailedV1, (event) => {
    const { orderId, captureId, fulfilmentId, reason } = event.data
    const fact = { type: 'capture-refused' as const, captureId, reason }
    return record(orderId, { ...fact, ...(fulfilmentId !== undefined && { fulfilmentId }) }, timelineEntry(event))
  }),
  on(PaymentVoidedV1, (event) => record(event.data.orderId, { type: 'payment-voided' }, timelineEntry(event))),
  on(RefundSucceededV1, (event) => {
    const { orderId, refundId, amount } = event.data
    return record(
      orderId,
      { type: 'payment-refunded', refundId, amountMinor: amount.amountMinor },
      timelineEntry(event),
    )
  }),
  on(RefundFailedV1, (event) => {
    const { orderId, refundId, reason } = event.data
    return record(orderId, { type: 'refund-refused', refundId, reason }, timelineEntry(event))
  }),
]
