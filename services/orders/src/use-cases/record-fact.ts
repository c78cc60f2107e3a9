import type { TimelineEntry } from '../domain/order.ts'
import { applyFact, type Fact, isDecided } from '../domain/order-saga.ts'
import type { Admission } from './admission.ts'
import type { CarryOnEdits } from './carry-on-edits.ts'
import type { ChangePorts } from './change-order.ts'
import { decided } from './order-events.ts'
import type { ReminderBudget } from './reminder-budget.ts'
import { currentTraceId } from './traced.ts'

/** Takes note of what a participant reports and moves the order on. Throws when there is no such order. */
export type RecordFact = (orderId: string, fact: Fact, entry: TimelineEntry) => Promise<void>

/** What a supplement's payment and reservation give back was asked for by the order it belongs to. */
const isAnswerToOrder = ({ type }: Fact) => type === 'refund-refused' || type === 'units-restocked'

interface Ports extends ChangePorts {
  readonly carryOnEdits: CarryOnEdits
  readonly admission: Admission
  readonly reminders: ReminderBudget
}

export const makeRecordFact = (ports: Ports): RecordFact => {
  const { orders, notice, now, carryOnEdits, admission, reminders } = ports

  async function record(orderId: string, fact: Fact, entry: TimelineEntry) {
    const traceId = currentTraceId()
    let isDecision = false
    const order = await orders.update(orderId, (before) => {
      const step = applyFact(before, fact, entry, now())
      isDecision = step.announcement !== undefined && isDecided(step.order) && !isDecided(before)
      return decided(before, step, ports, traceId)
    })
    notice.changed(order)
    reminders.earn()
    if (isDecision) admission.noteDecision(now().getTime() - order.createdAt.getTime())
    return order
  }

  /** The order that asked, where this is an answer to one that a supplement belongs to. */
  async function askerOf(orderId: string, fact: Fact): Promise<string> {
    if (!isAnswerToOrder(fact) && !(fact.type === 'payment-refunded' && fact.refundId !== undefined)) return orderId
    const { partOf } = (await orders.find(orderId)) ?? {}
    if (partOf === undefined) return orderId
    if (fact.type !== 'payment-refunded') return partOf
    const parent = await orders.find(partOf)
    // Else the supplement was stopped, and this is all of its money.
    return parent?.refunds?.some(({ id }) => id === fact.refundId) === true ? partOf : orderId
  }

  return async (orderId, fact, entry) => {
    const order = await record(await askerOf(orderId, fact), fact, entry)
    if (order.partOf !== undefined && isDecided(order)) await carryOnEdits(order.partOf)
  }
}
