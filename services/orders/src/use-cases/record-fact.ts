import type { TimelineEntry } from '../domain/order.ts'
import { applyFact, type Fact } from '../domain/order-saga.ts'
import type { OrderRepository } from '../store/order.repository.ts'
import type { DecisionNotice } from './await-decision.ts'
import { decided, type StepPorts } from './order-events.ts'

/** Takes note of what a participant reports and moves the order on. Throws when there is no such order. */
export type RecordFact = (orderId: string, fact: Fact, entry: TimelineEntry) => Promise<void>

export const makeRecordFact =
  (ports: StepPorts & { readonly orders: OrderRepository; readonly notice: DecisionNotice }): RecordFact =>
  async (orderId, fact, entry) => {
    const order = await ports.orders.update(orderId, (before) =>
      decided(before, applyFact(before, fact, entry, ports.now()), ports),
    )
    ports.notice.changed(order)
  }
