import type { TimelineEntry } from '../domain/order.ts'
import { applyFact, type Fact } from '../domain/order-saga.ts'
import type { OrderRepository } from '../store/order.repository.ts'
import { decided, type StepPorts } from './order-events.ts'
import type { OrderNotice } from './order-notice.ts'

/** Takes note of what a participant reports and moves the order on. Throws when there is no such order. */
export type RecordFact = (orderId: string, fact: Fact, entry: TimelineEntry) => Promise<void>

export const makeRecordFact =
  (ports: StepPorts & { readonly orders: OrderRepository; readonly notice: OrderNotice }): RecordFact =>
  async (orderId, fact, entry) => {
    const order = await ports.orders.update(orderId, (before) =>
      decided(before, applyFact(before, fact, entry, ports.now()), ports),
    )
    ports.notice.changed(order.id)
  }
