import { AggregateNotFound } from '@tradewind/database/aggregate-store'
import { OrderNotFound } from '../domain/order.ts'
import { cancelOrder } from '../domain/order-saga.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'
import { decided, type StepPorts } from './order-events.ts'
import type { OrderNotice } from './order-notice.ts'

export interface CancelOrderCommand {
  readonly orderId: string
  /** Whose order it must be; undefined for operators. */
  readonly customerId: string | undefined
  /** The caller's words, kept in the timeline. */
  readonly words: string | undefined
}

/** Throws `OrderNotFound` and `OrderNotCancellable`. */
export type CancelOrder = (command: CancelOrderCommand) => Promise<StoredOrder>

export const makeCancelOrder =
  (ports: StepPorts & { readonly orders: OrderRepository; readonly notice: OrderNotice }): CancelOrder =>
  async ({ orderId, customerId, words }) => {
    const reason = customerId === undefined ? 'requested_by_operator' : 'requested_by_customer'
    const data = words === undefined ? {} : { words }
    try {
      const order = await ports.orders.update(orderId, (before) => {
        // A stranger's order is reported as missing, so ids cannot be probed.
        if (customerId !== undefined && customerId !== before.customerId) throw OrderNotFound({ orderId })
        return decided(before, cancelOrder(before, reason, { at: ports.now(), data }, ports.now()), ports)
      })
      ports.notice.changed(order.id)
      return order
    } catch (error) {
      if (AggregateNotFound.is(error)) throw OrderNotFound({ orderId }, { cause: error })
      throw error
    }
  }
