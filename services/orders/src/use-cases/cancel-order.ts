import { AggregateNotFound } from '@tradewind/database/aggregate-store'
import type { Author } from '../domain/after-confirmation.ts'
import { cancelLines, cancelRest, isOnItsWay } from '../domain/cancel-rest.ts'
import { PartOfAnother } from '../domain/fulfilment.ts'
import { type Order, OrderNotFound, type StopReason } from '../domain/order.ts'
import { cancelOrder, carriedOut, type Step } from '../domain/order-saga.ts'
import { isConfirmed } from '../domain/saga-table.ts'
import { openSupplements } from '../domain/wishes.ts'
import type { StoredOrder } from '../store/order.repository.ts'
import type { CarryOnEdits } from './carry-on-edits.ts'
import type { ChangePorts, Target } from './change-order.ts'
import { decided } from './order-events.ts'
import { currentTraceId } from './traced.ts'

export interface CancelOrderCommand extends Target {
  /** The caller's words, kept in the timeline. */
  readonly words: string | undefined
  /** Only these lines, as far as no fulfilment has them; undefined for everything that has not shipped. */
  readonly lineIds: readonly string[] | undefined
}

/** Cancels an order, or what of it has not shipped. Throws `OrderNotFound`, `OrderNotCancellable` and `UnknownLine`. */
export type CancelOrder = (command: CancelOrderCommand) => Promise<StoredOrder>

export const makeCancelOrder = (ports: ChangePorts & { readonly carryOnEdits: CarryOnEdits }): CancelOrder => {
  const { orders, notice, now, newId, carryOnEdits } = ports

  function cancelled(order: Order, { operatorId, customerId, words, lineIds }: CancelOrderCommand): Step {
    const at = now()
    const reason: StopReason = customerId === undefined ? 'requested_by_operator' : 'requested_by_customer'
    const author: Author = { at, ...(operatorId !== undefined && { operatorId }) }
    const data = words === undefined ? {} : { words }
    if (lineIds !== undefined && isConfirmed(order.status)) {
      const change = cancelLines(order, lineIds, reason, data, author, newId)
      if (change !== undefined) return carriedOut(order, change, at)
    }
    if (isConfirmed(order.status) && isOnItsWay(order)) {
      return carriedOut(order, cancelRest(order, reason, data, author, newId), at)
    }
    return cancelOrder(order, reason, { at, data: { ...data, ...(operatorId !== undefined && { operatorId }) } }, at)
  }

  return async (command) => {
    const { orderId, customerId } = command
    const traceId = currentTraceId()
    try {
      const order = await orders.update(orderId, (before) => {
        // A stranger's order is reported as missing, so ids cannot be probed.
        if (customerId !== undefined && customerId !== before.customerId) throw OrderNotFound({ orderId })
        if (before.partOf !== undefined) throw PartOfAnother({ orderId })
        return decided(before, cancelled(before, command), ports, traceId)
      })
      notice.changed(order)
      if (openSupplements(order).length > 0) await carryOnEdits(orderId)
      return order
    } catch (error) {
      if (AggregateNotFound.is(error)) throw OrderNotFound({ orderId }, { cause: error })
      throw error
    }
  }
}
