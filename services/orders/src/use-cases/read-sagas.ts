import { OrderNotFound } from '../domain/order.ts'
import { isAwaiting } from '../domain/order-saga.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'

export interface SagaView {
  readonly order: StoredOrder
  readonly isAwaiting: boolean
}

export interface ReadSagas {
  /** Throws `OrderNotFound`. */
  readonly find: (orderId: string) => Promise<SagaView>
  /** Orders in their present status for longer than this and still waiting, the longest first. */
  readonly waitingLongerThan: (milliseconds: number, limit: number) => Promise<SagaView[]>
  readonly view: (order: StoredOrder) => SagaView
}

export function makeReadSagas({ orders, now }: { orders: OrderRepository; now: () => Date }): ReadSagas {
  const view = (order: StoredOrder): SagaView => ({ order, isAwaiting: isAwaiting(order) })
  return {
    view,
    find: async (orderId) => {
      const order = await orders.find(orderId)
      if (order === undefined) throw OrderNotFound({ orderId })
      return view(order)
    },
    waitingLongerThan: async (milliseconds, limit) => {
      const found = await orders.waitingSince(new Date(now().getTime() - milliseconds), limit)
      return found.map(view)
    },
  }
}
