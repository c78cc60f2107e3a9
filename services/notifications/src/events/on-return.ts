import { ReturnApprovedV1, ReturnRefundedV1, ReturnRejectedV1 } from '@tradewind/contracts/fulfilment'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { NotifyCustomer } from '../use-cases/notify-customer.ts'

// Safe to repeat: a mail's id follows from the order, the kind of mail and the return.
export const onReturn = (notify: NotifyCustomer): EventHandler[] => [
  on(ReturnApprovedV1, ({ data: { orderId, customerId, number, returnId } }) =>
    notify('return-approved', { orderId, customerId, about: returnId, facts: { number } }),
  ),
  on(ReturnRejectedV1, ({ data: { orderId, customerId, number, returnId, reason } }) =>
    notify('return-rejected', { orderId, customerId, about: returnId, facts: { number, reason } }),
  ),
  on(ReturnRefundedV1, ({ data: { orderId, customerId, number, returnId, refundId, amount } }) =>
    notify('return-refunded', {
      orderId,
      customerId,
      about: `${returnId}/${refundId}`,
      facts: { number, amount: { amountMinor: amount.amountMinor, currency: amount.currency } },
    }),
  ),
]
