import {
  PaymentAuthorizedV1,
  PaymentCapturedV1,
  PaymentDeclinedV1,
  PaymentVoidedV1,
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
  on(PaymentCapturedV1, (event) => record(event.data.orderId, { type: 'payment-captured' }, timelineEntry(event))),
  on(PaymentVoidedV1, (event) => record(event.data.orderId, { type: 'payment-voided' }, timelineEntry(event))),
  on(RefundSucceededV1, (event) => record(event.data.orderId, { type: 'payment-refunded' }, timelineEntry(event))),
]
