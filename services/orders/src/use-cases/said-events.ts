import type { DomainEvent } from '@tradewind/contracts/event'
import {
  FulfilmentCancelledV1,
  FulfilmentCreatedV1,
  FulfilmentDeliveredV1,
  FulfilmentShippedV1,
  OrderCompletedV1,
  OrderEditedV1,
  RefundRequestedV1,
  ReturnApprovedV1,
  ReturnReceivedV1,
  ReturnRefundedV1,
  ReturnRejectedV1,
  ReturnRequestedV1,
  UnitsReturnedV1,
} from '@tradewind/contracts/fulfilment'
import type { Fulfilment, Return, Units } from '../domain/after-confirmation.ts'
import type { NewId, Said } from '../domain/change.ts'
import { fulfilmentOf } from '../domain/fulfilment.ts'
import { charges } from '../domain/money-owed.ts'
import type { Order, OrderLine } from '../domain/order.ts'
import { refundsOf, returnOf } from '../domain/return.ts'

type SaidOf<T extends Said['type']> = Extract<Said, { readonly type: T }>

/** The events that tell the others. */
export function saidEvent(order: Order, said: Said, newId: NewId): DomainEvent[] {
  switch (said.type) {
    case 'fulfilment-created':
    case 'fulfilment-shipped':
    case 'fulfilment-delivered':
    case 'fulfilment-cancelled':
      return [fulfilmentEvent(order, fulfilmentOf(order, said.fulfilmentId), said.type, newId)]
    case 'return-requested':
    case 'return-approved':
    case 'return-rejected':
    case 'return-received':
    case 'return-refunded':
      return returnEvents(order, returnOf(order, said.returnId), said.type, newId)
    case 'refund-requested':
      return refundEvents(order, said.refundId, newId)
    case 'units-returned':
      return restockEvents(order, said.restockId, newId)
    case 'edited':
      return [editedEvent(order, said.gone, newId)]
    case 'completed':
      return [OrderCompletedV1.create(newId('evt'), ofOrder(order))]
  }
}

const ofOrder = ({ id: orderId, customerId, number }: Order) => ({ orderId, customerId, number })

const unitsOf = (lines: readonly Units[]) => lines.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity }))

const money = ({ total: { currency } }: Order, amountMinor: number) => ({ amountMinor, currency })

function fulfilmentEvent(
  order: Order,
  { id: fulfilmentId, lines, tracking, capture }: Fulfilment,
  type: SaidOf<'fulfilment-created' | 'fulfilment-shipped' | 'fulfilment-delivered' | 'fulfilment-cancelled'>['type'],
  newId: NewId,
): DomainEvent {
  const common = { ...ofOrder(order), fulfilmentId }
  switch (type) {
    case 'fulfilment-created':
      return FulfilmentCreatedV1.create(newId('evt'), { ...common, lines: unitsOf(lines) })
    case 'fulfilment-delivered':
      return FulfilmentDeliveredV1.create(newId('evt'), common)
    case 'fulfilment-cancelled':
      return FulfilmentCancelledV1.create(newId('evt'), common)
    case 'fulfilment-shipped':
      return FulfilmentShippedV1.create(newId('evt'), {
        ...common,
        lines: unitsOf(lines),
        ...(tracking !== undefined && { tracking: { ...tracking } }),
        // Nothing to take is said only where it tells that nothing else will be taken.
        ...(capture !== undefined &&
          (capture.amountMinor > 0 || capture.isLast) && {
            capture: {
              amount: money(order, capture.amountMinor),
              isLast: capture.isLast,
              asked: money(order, charges(order)[0]?.amountMinor ?? 0),
            },
          }),
      })
  }
}

function returnEvents(
  order: Order,
  { id: returnId, lines, rejection = '' }: Return,
  type: SaidOf<
    'return-requested' | 'return-approved' | 'return-rejected' | 'return-received' | 'return-refunded'
  >['type'],
  newId: NewId,
): DomainEvent[] {
  const common = { ...ofOrder(order), returnId }
  const id = newId('evt')
  switch (type) {
    case 'return-requested':
      return [ReturnRequestedV1.create(id, { ...common, lines: unitsOf(lines) })]
    case 'return-approved':
      return [ReturnApprovedV1.create(id, common)]
    case 'return-rejected':
      return [ReturnRejectedV1.create(id, { ...common, reason: rejection })]
    case 'return-received':
      return [ReturnReceivedV1.create(id, common)]
    case 'return-refunded': {
      const given = refundsOf(order, returnId).filter(({ status }) => status === 'succeeded')
      const last = given.at(-1)
      if (last === undefined) return []
      const amount = money(
        order,
        given.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      )
      return [ReturnRefundedV1.create(id, { ...common, refundId: last.id, amount })]
    }
  }
}

function refundEvents(order: Order, refundId: string, newId: NewId): DomainEvent[] {
  const refund = order.refunds?.find(({ id }) => id === refundId)
  if (refund === undefined) return []
  const { from: orderId, amountMinor, cause: reason } = refund
  return [
    RefundRequestedV1.create(newId('evt'), {
      orderId,
      refundId,
      amount: money(order, amountMinor),
      reason,
    }),
  ]
}

function restockEvents(order: Order, restockId: string, newId: NewId): DomainEvent[] {
  const restock = order.restocks?.find(({ id }) => id === restockId)
  if (restock === undefined) return []
  const { from: orderId, lines, reason, locationId } = restock
  return [
    UnitsReturnedV1.create(newId('evt'), {
      orderId,
      restockId,
      ...(locationId !== undefined && { locationId }),
      lines: lines.map((line) => ({ ...line })),
      reason,
    }),
  ]
}

function editedEvent(order: Order, gone: readonly OrderLine[], newId: NewId): DomainEvent {
  return OrderEditedV1.create(newId('evt'), {
    ...ofOrder(order),
    lines: [...order.lines, ...gone].map(({ sku, title, quantity, total }) => ({ sku, title, quantity, total })),
    total: order.total,
    contact: order.email === undefined ? 'account' : 'order',
  })
}
