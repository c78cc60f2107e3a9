import { AggregateNotFound } from '@tradewind/database/aggregate-store'
import { changedAndAnnouncedAgain, unchanged } from '@tradewind/database/decision'
import { OrderNotFound } from '../domain/order.ts'
import { isAwaiting, scheduled } from '../domain/order-saga.ts'
import { openSupplements } from '../domain/wishes.ts'
import type { StoredOrder } from '../store/order.repository.ts'
import type { CancelOrder } from './cancel-order.ts'
import type { CarryOnEdits } from './carry-on-edits.ts'
import type { ChangePorts } from './change-order.ts'
import { askingEvents } from './order-events.ts'
import { currentTraceId, traced } from './traced.ts'

/** `retry` asks again now for what the order waits for; `compensate` cancels it, or what of it has not shipped. Throws `OrderNotFound` and `OrderNotCancellable`. */
export type RepairSaga = (orderId: string, action: 'retry' | 'compensate', operatorId: string) => Promise<StoredOrder>

interface Ports extends ChangePorts {
  readonly cancel: CancelOrder
  readonly carryOnEdits: CarryOnEdits
}

export const makeRepairSaga =
  ({ orders, now, times, notice, cancel, carryOnEdits }: Ports): RepairSaga =>
  async (orderId, action, operatorId) => {
    if (action === 'compensate') {
      return await cancel({ orderId, customerId: undefined, operatorId, words: undefined, lineIds: undefined })
    }
    const traceId = currentTraceId()
    try {
      const order = await orders.update(orderId, (before) => {
        if (!isAwaiting(before)) return unchanged()
        const entry = { at: now(), type: 'orders.saga.retried', service: 'orders', data: { operatorId } }
        const retried = scheduled({ ...before, reminders: 0, timeline: [...before.timeline, entry] }, now(), times)
        return changedAndAnnouncedAgain(traced(before, retried, traceId), ...askingEvents(before))
      })
      notice.changed(order)
      if (openSupplements(order).length > 0) await carryOnEdits(orderId)
      return order
    } catch (error) {
      if (AggregateNotFound.is(error)) throw OrderNotFound({ orderId }, { cause: error })
      throw error
    }
  }
