import { FulfilmentDeliveredV1, FulfilmentShippedV1 } from '@tradewind/contracts/fulfilment'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { NotifyCustomer } from '../use-cases/notify-customer.ts'

// Safe to repeat: a mail's id follows from the order, the kind of mail and the parcel.
export const onFulfilment = (notify: NotifyCustomer): EventHandler[] => [
  on(FulfilmentShippedV1, ({ data: { orderId, customerId, number, fulfilmentId, lines, tracking } }) => {
    const units = lines.map(({ sku, quantity }) => ({ sku, quantity }))
    const facts = { number, lines: units, ...(tracking !== undefined && { tracking }) }
    return notify('fulfilment-shipped', { orderId, customerId, about: fulfilmentId, facts })
  }),
  on(FulfilmentDeliveredV1, ({ data: { orderId, customerId, number, fulfilmentId } }) =>
    notify('fulfilment-delivered', { orderId, customerId, about: fulfilmentId, facts: { number } }),
  ),
]
