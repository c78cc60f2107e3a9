import type { TimelineEntry } from '../domain/order.ts'
import { isAwaiting } from '../domain/order-saga.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'
import { lookEveryMs, type OrderNotice } from './order-notice.ts'

/** What has happened since the last look: new entries with their numbers from 1, or nothing for a while. */
export interface Glance {
  readonly entries: readonly { readonly number: number; readonly entry: TimelineEntry }[]
}

/** Follows an order behind the entry `after`, until nothing is awaited any more or `signal` is aborted. */
export type FollowOrder = (order: StoredOrder, after: number, signal: AbortSignal) => AsyncGenerator<Glance, void, void>

/** True when the order has come to rest and everything up to `after` is all there is. */
export const isFollowed = (order: StoredOrder, after: number): boolean =>
  !isAwaiting(order) && after >= order.timeline.length

/** Entries keep the order in which they were written, so a number always means the same entry. */
export const makeFollowOrder = ({ orders, notice }: { orders: OrderRepository; notice: OrderNotice }): FollowOrder =>
  async function* follow(order, after, signal) {
    let seen = after
    let current = order
    while (!signal.aborted) {
      const entries = current.timeline.slice(seen).map((entry, index) => ({ number: seen + index + 1, entry }))
      seen = Math.max(seen, current.timeline.length)
      yield { entries }
      if (!isAwaiting(current)) return
      await notice.wait(current.id, lookEveryMs, { signal })
      current = (await orders.find(current.id)) ?? current
    }
  }
