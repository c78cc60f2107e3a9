import { changedAndAnnouncedAgain, unchanged } from '@tradewind/database/decision'
import { isAwaiting, remind, scheduled } from '../domain/order-saga.ts'
import type { OrderRepository } from '../store/order.repository.ts'
import { announcementTypes, decided, type StepPorts } from './order-events.ts'

/** Looks at orders that have waited too long. Returns how many there were. */
export type ReconcileOrders = () => Promise<number>

const batch = 200

/** Gives up what is too late and asks again for the rest, so that a lost message delays an order and never stops it. Any replica may run it. */
export const makeReconcileOrders =
  (ports: StepPorts & { readonly orders: OrderRepository }): ReconcileOrders =>
  async () => {
    const { orders, now, times } = ports
    const due = await orders.dueBefore(now(), batch)
    await Promise.all(
      due.map((orderId) =>
        orders.update(orderId, (before) => {
          if (before.dueAt === undefined || before.dueAt.getTime() > now().getTime()) return unchanged()
          if (!isAwaiting(before)) return decided(before, { order: { ...before } }, ports)
          const step = remind(before, now(), times)
          if (step !== 'ask-again') return decided(before, step, ports)
          const reminded = scheduled({ ...before, reminders: before.reminders + 1 }, now(), times)
          return changedAndAnnouncedAgain(reminded, announcementTypes[before.status])
        }),
      ),
    )
    return due.length
  }
