import { AggregateNotFound } from '@tradewind/database/aggregate-store'
import { fingerprint, IdempotencyKeyReused } from '@tradewind/service-kit/idempotency'
import type { Author, KeptKey } from '../domain/after-confirmation.ts'
import type { Change } from '../domain/change.ts'
import { TooManyChanges } from '../domain/fulfilment.ts'
import { type Order, OrderNotFound } from '../domain/order.ts'
import { carriedOut } from '../domain/order-saga.ts'
import type { OrderRepository, StoredOrder } from '../store/order.repository.ts'
import { decided, type StepPorts } from './order-events.ts'
import type { OrderNotice } from './order-notice.ts'
import { currentTraceId } from './traced.ts'

export interface ChangePorts extends StepPorts {
  readonly orders: OrderRepository
  readonly notice: OrderNotice
}

/** Which order is meant, and in whose name. */
export interface Target {
  readonly orderId: string
  /** Whose order it must be; undefined for operators. */
  readonly customerId: string | undefined
  /** Who is named in the timeline; undefined for customers. */
  readonly operatorId: string | undefined
}

/** A request under its caller's idempotency key. */
export interface KeyedRequest {
  readonly userId: string
  readonly idempotencyKey: string
  /** The same for the same request. */
  readonly request: string
}

export interface ChangeOrder {
  /** Decides on the order and saves it. Throws `OrderNotFound`, also for somebody else's order, and what `decide` throws. */
  readonly change: (target: Target, decide: (order: StoredOrder, author: Author) => Change) => Promise<StoredOrder>
  /**
   * The same once per key, in the same write. `subject` names what comes of it. Throws `IdempotencyKeyReused` when the key
   * stands for another request.
   */
  readonly changeOnce: (
    target: Target,
    keyed: KeyedRequest,
    subject: string,
    decide: (order: StoredOrder, author: Author) => Change,
  ) => Promise<{ readonly order: StoredOrder; readonly subject: string; readonly replayed: boolean }>
}

/** Keys are kept for at least 24 hours. */
const keepKeysMs = 48 * 3600 * 1000
const maxKeys = 1000

export function makeChangeOrder(ports: ChangePorts): ChangeOrder {
  const { orders, notice, now } = ports

  async function update(target: Target, decide: (order: StoredOrder, author: Author) => Change): Promise<StoredOrder> {
    const { orderId, customerId, operatorId } = target
    const traceId = currentTraceId()
    try {
      const order = await orders.update(orderId, (before) => {
        // A stranger's order is reported as missing, so ids cannot be probed.
        if (customerId !== undefined && customerId !== before.customerId) throw OrderNotFound({ orderId })
        const at = now()
        const change = decide(before, { at, ...(operatorId !== undefined && { operatorId }) })
        return decided(before, carriedOut(before, change, at), ports, traceId)
      })
      notice.changed(order)
      return order
    } catch (error) {
      if (AggregateNotFound.is(error)) throw OrderNotFound({ orderId }, { cause: error })
      throw error
    }
  }

  return {
    change: update,
    changeOnce: async (target, { userId, idempotencyKey, request }, subject, decide) => {
      const key = fingerprint(`${userId}\n${idempotencyKey}`)
      const requestHash = fingerprint(request)
      let known: KeptKey | undefined
      const order = await update(target, (before, author) => {
        known = before.keys?.find((one) => one.key === key)
        if (known === undefined) {
          return withKey(decide(before, author), { key, request: requestHash, subject, at: author.at })
        }
        if (known.request !== requestHash) throw IdempotencyKeyReused({ orderId: before.id })
        return { order: before, said: [] }
      })
      return { order, subject: known?.subject ?? subject, replayed: known !== undefined }
    },
  }
}

function withKey({ order, said }: Change, kept: KeptKey): Change {
  const oldest = kept.at.getTime() - keepKeysMs
  const others = (order.keys ?? []).filter(({ at }) => at.getTime() > oldest)
  if (others.length >= maxKeys) throw TooManyChanges({ orderId: order.id })
  const keys: Order['keys'] = [...others, kept]
  return { order: { ...order, keys }, said }
}
