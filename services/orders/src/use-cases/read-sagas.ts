import { OrderNotFound } from '../domain/order.ts'
import { isAwaiting } from '../domain/order-saga.ts'
import { openSupplements, openWishes, type Wish } from '../domain/wishes.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'

export interface SagaView {
  readonly order: StoredOrder
  readonly isAwaiting: boolean
  /** What was asked for and not answered. */
  readonly wishes: readonly { readonly kind: Wish['kind'] | 'supplement'; readonly id: string }[]
}

export interface ReadSagas {
  /** Throws `OrderNotFound`. */
  readonly find: (orderId: string) => Promise<SagaView>
  /** Orders in their present status for longer than this and still waiting, the longest first. */
  readonly waitingLongerThan: (milliseconds: number, limit: number) => Promise<SagaView[]>
  readonly view: (order: StoredOrder) => SagaView
}

export function makeReadSagas({ orders, now }: { orders: OrderRepository; now: () => Date }): ReadSagas {
  const view = (order: StoredOrder): SagaView => ({
    order,
    isAwaiting: isAwaiting(order),
    wishes: [...openWishes(order), ...openSupplements(order).map((id) => ({ kind: 'supplement' as const, id }))],
  })
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
