import { changedAndAnnouncedAgain, unchanged } from '@tradewind/database/decision'
import { isAwaiting, remind, scheduled } from '../domain/order-saga.ts'
import { openSupplements } from '../domain/wishes.ts'
import type { OrderRepository } from '../store/order.repository.ts'
import type { CarryOnEdits } from './carry-on-edits.ts'
import { askingEvents, decided, type StepPorts } from './order-events.ts'
import type { ReminderBudget } from './reminder-budget.ts'

/** Looks at orders that have waited too long. Returns how many there were. */
export type ReconcileOrders = () => Promise<number>

interface Ports extends StepPorts {
  readonly orders: OrderRepository
  readonly carryOnEdits: CarryOnEdits
  readonly reminders: ReminderBudget
}

const batch = 200

/** Gives up what is too late and asks again for the rest, so that a lost message delays an order and never stops it. Any replica may run it. */
export const makeReconcileOrders =
  (ports: Ports): ReconcileOrders =>
  async () => {
    const { orders, now, times, carryOnEdits, reminders } = ports
    reminders.refill()
    const due = await orders.dueBefore(now(), batch)
    await Promise.all(
      due.map(async (orderId) => {
        const mayAsk = reminders.spend()
        const order = await orders.update(orderId, (before) => {
          if (before.dueAt === undefined || before.dueAt.getTime() > now().getTime()) return unchanged()
          if (!isAwaiting(before)) return decided(before, { order: { ...before } }, ports)
          const step = remind(before, now(), times)
          if (step !== 'ask-again') return decided(before, step, ports)
          if (!mayAsk) return unchanged()
          const reminded = scheduled({ ...before, reminders: before.reminders + 1 }, now(), times)
          return changedAndAnnouncedAgain(reminded, ...askingEvents(before))
        })
        if (openSupplements(order).length > 0) await carryOnEdits(orderId)
        if (order.partOf !== undefined) await carryOnEdits(order.partOf)
      }),
    )
    return due.length
  }
