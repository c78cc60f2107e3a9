import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import type { Change } from '../domain/change.ts'
import { createSupplement, failEdit, stoppedSupplement, supplementStopped, takeOver } from '../domain/edit.ts'
import type { Order } from '../domain/order.ts'
import { cancelOrder, carriedOut } from '../domain/order-saga.ts'
import { isConfirmed, isStopped, sagaTable } from '../domain/saga-table.ts'
import { openSupplements } from '../domain/wishes.ts'
import type { StoredOrder } from '../store/order.repository.ts'
import type { ChangePorts } from './change-order.ts'
import { decided, placedEvent } from './order-events.ts'
import { currentTraceId } from './traced.ts'

/**
 * Brings the edits of an order on: places the supplement that one waits for, takes it over or gives the edit up when it has
 * ended, and stops what belongs to an order that was cancelled. Each step is one write that may be repeated, so a crash
 * between two of them is carried on by the reconciler.
 */
export type CarryOnEdits = (orderId: string) => Promise<void>

export const makeCarryOnEdits = (ports: ChangePorts): CarryOnEdits => {
  const { orders, notice, now, newId, times } = ports

  async function update(orderId: string, decide: (order: StoredOrder) => Change): Promise<void> {
    const traceId = currentTraceId()
    notice.changed(
      await orders.update(orderId, (before) =>
        decided(before, carriedOut(before, decide(before), now()), ports, traceId),
      ),
    )
  }

  /** The supplement as it stands; placed, when it was not. */
  async function placed(parent: Order, id: string): Promise<StoredOrder> {
    const found = await orders.find(id)
    if (found !== undefined) return found
    const supplement = createSupplement(parent, id, now(), times.reminderMs)
    try {
      return await orders.insert(supplement, placedEvent(supplement, newId('evt')))
    } catch (error) {
      // Somebody else was faster, or has stopped it before it was placed.
      const other = DuplicateKey.is(error) ? await orders.find(id) : undefined
      if (other === undefined) throw error
      return other
    }
  }

  async function bringOn(parent: Order, id: string): Promise<void> {
    const supplement = await placed(parent, id)
    if (isConfirmed(supplement.status)) return await update(parent.id, (before) => takeOver(before, id, now(), newId))
    if (!isStopped(supplement.status)) return
    const { reason = 'requested_by_operator' } = supplement
    await update(parent.id, (before) => failEdit(before, id, reason, now()))
  }

  /** Also one that somebody is just placing: it finds this. */
  async function stop(parent: Order, id: string): Promise<void> {
    const { reason = 'requested_by_operator' } = parent
    const supplement = await orders.upsert(id, (before) => {
      if (before === undefined) return changed(stoppedSupplement(parent, id, now()))
      if (!sagaTable[before.status].isCancellable) return unchanged()
      return decided(before, cancelOrder(before, reason, { at: now(), data: {} }, now()), ports)
    })
    if (supplement !== undefined) notice.changed(supplement)
    await update(parent.id, (before) => supplementStopped(before, id))
  }

  return async (orderId) => {
    const parent = await orders.find(orderId)
    if (parent === undefined) return
    for (const id of openSupplements(parent)) {
      if (!isStopped(parent.status)) await bringOn(parent, id)
    }
    // It may have been cancelled while its supplement was placed.
    const current = await orders.find(orderId)
    if (current === undefined || !isStopped(current.status)) return
    for (const id of openSupplements(current)) await stop(current, id)
  }
}
