import { AggregateNotFound } from '@tradewind/database/aggregate-store'
import { changedAndAnnouncedAgain, unchanged } from '@tradewind/database/decision'
import { OrderNotFound } from '../domain/order.ts'
import { cancelOrder, isAwaiting, scheduled } from '../domain/order-saga.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'
import { announcementTypes, decided, type StepPorts } from './order-events.ts'
import type { OrderNotice } from './order-notice.ts'

/** `retry` asks again now for what the order waits for; `compensate` cancels it. Throws `OrderNotFound` and `OrderNotCancellable`. */
export type RepairSaga = (orderId: string, action: 'retry' | 'compensate', operatorId: string) => Promise<StoredOrder>

export const makeRepairSaga =
  (ports: StepPorts & { readonly orders: OrderRepository; readonly notice: OrderNotice }): RepairSaga =>
  async (orderId, action, operatorId) => {
    const { orders, now, times, notice } = ports
    const data = { operatorId }
    try {
      const order = await orders.update(orderId, (before) => {
        if (action === 'compensate') {
          return decided(before, cancelOrder(before, 'requested_by_operator', { at: now(), data }, now()), ports)
        }
        if (!isAwaiting(before)) return unchanged()
        const entry = { at: now(), type: 'orders.saga.retried', service: 'orders', data }
        const retried = scheduled({ ...before, reminders: 0, timeline: [...before.timeline, entry] }, now(), times)
        return changedAndAnnouncedAgain(retried, announcementTypes[before.status])
      })
      notice.changed(orderId)
      return order
    } catch (error) {
      if (AggregateNotFound.is(error)) throw OrderNotFound({ orderId }, { cause: error })
      throw error
    }
  }
