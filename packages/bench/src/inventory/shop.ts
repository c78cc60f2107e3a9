import { headers as createHeaders } from '@nats-io/nats-core'
import { ReservationHeldV1, ReservationRejectedV1 } from '@tradewind/contracts/inventory'
import { OrderPlacedV1 } from '@tradewind/contracts/orders'
import { newId } from '@tradewind/service-kit/ids'
import type { Backends } from './backends.ts'

export interface StockDocument {
  readonly _id: string
  readonly sku: string
  readonly locationId: string
  readonly onHand: number
  readonly available: number
  readonly holds: readonly { readonly orderId: string; readonly quantity: number }[]
}

/** Puts units of each SKU on a shelf, with the movement that brought them, as the service itself would have written it. */
export async function stock({ db }: Backends, skus: readonly string[], units: number): Promise<void> {
  const at = new Date()
  await db
    .collection<{ _id: string; name: string; priority: number }>('locations')
    .updateOne({ _id: 'berlin' }, { $set: { name: 'Berlin', priority: 1 } }, { upsert: true })
  const shelf = (sku: string) => ({ stockId: `${sku}@berlin`, sku, locationId: 'berlin' })
  await db.collection<{ _id: string }>('movements').insertMany(
    skus.map((sku) => ({
      _id: `adj_${sku}`,
      ...shelf(sku),
      seq: 1,
      kind: 'adjustment',
      delta: units,
      balance: units,
      available: units,
      reason: 'received',
      at,
    })),
  )
  await db.collection<{ _id: string }>('stock').insertMany(
    skus.map((sku) => ({
      _id: `${sku}@berlin`,
      sku,
      locationId: 'berlin',
      onHand: units,
      available: units,
      holds: [],
      movements: [],
      movementCount: 1,
      version: 1,
      createdAt: at,
      updatedAt: at,
      writeId: 'bench',
      outbox: { seq: 0, published: 0, entries: [] },
    })),
  )
}

export interface Outcome {
  readonly held: number
  readonly rejected: number
  /** From the first order that was published to the last that was answered. */
  readonly seconds: number
  /** From the publication of an order to its answer, in milliseconds. */
  readonly latencies: readonly number[]
}

/** Publications under way at once. */
const window = 256
const answerTimeoutMs = 120_000

/** Publishes an order for one unit of each SKU in turn, as fast as the broker takes them, and waits for every answer. */
export async function sell({ messaging }: Backends, skus: readonly string[], orders: number): Promise<Outcome> {
  const { connection, client } = messaging
  const sentAt = new Map<string, number>()
  const answers = new Map<string, { isHeld: boolean; latency: number }>()
  const done = Promise.withResolvers<void>()
  const subscription = connection.subscribe('inventory.reservation.*.v1', {
    callback: (_failure, message) => {
      const { orderId } = message.json<{ orderId: string }>()
      const sent = sentAt.get(orderId)
      const isAnswer = message.subject === ReservationHeldV1.type || message.subject === ReservationRejectedV1.type
      if (sent === undefined || !isAnswer || answers.has(orderId)) return
      const latency = performance.now() - sent
      answers.set(orderId, { isHeld: message.subject === ReservationHeldV1.type, latency })
      if (answers.size === orders) done.resolve()
    },
  })
  await connection.flush()
  const tooLate = setTimeout(() => {
    done.reject(new Error(`${answers.size} of ${orders} orders were answered in time`))
  }, answerTimeoutMs)
  try {
    const startedAt = performance.now()
    let next = 0
    const publish = async () => {
      for (; next < orders; ) {
        const sku = skus[next % skus.length] ?? ''
        next += 1
        const orderId = newId('ord')
        sentAt.set(orderId, performance.now())
        await client.publish(OrderPlacedV1.type, JSON.stringify(placed(orderId, sku)), {
          msgID: orderId,
          headers: attributes(orderId),
        })
      }
    }
    await Promise.all(Array.from({ length: window }, publish))
    await done.promise
    const seconds = (performance.now() - startedAt) / 1000
    const all = [...answers.values()]
    const held = all.filter(({ isHeld }) => isHeld).length
    return { held, rejected: all.length - held, seconds, latencies: all.map(({ latency }) => latency) }
  } finally {
    clearTimeout(tooLate)
    subscription.unsubscribe()
  }
}

const placed = (orderId: string, sku: string) => ({
  orderId,
  customerId: newId('usr'),
  lines: [{ sku, quantity: 1 }],
  total: { amountMinor: 1000, currency: 'EUR' },
})

function attributes(orderId: string) {
  const headers = createHeaders()
  const values = {
    'ce-specversion': '1.0',
    'ce-id': newId('evt'),
    'ce-type': OrderPlacedV1.type,
    'ce-time': new Date().toISOString(),
    'ce-source': '/tradewind/orders',
    'ce-subject': orderId,
  }
  for (const [name, value] of Object.entries(values)) headers.set(name, value)
  return headers
}

/** What of the stock does not add up, in words. */
export async function contradictions({ db }: Backends, skus: readonly string[], units: number): Promise<string[]> {
  const found = await db
    .collection<StockDocument>('stock')
    .find({ sku: { $in: [...skus] } })
    .toArray()
  return found.flatMap(({ _id, onHand, available, holds }) => {
    const held = holds.reduce((sum, { quantity }) => sum + quantity, 0)
    const isRight = onHand === units && available >= 0 && available + held === onHand
    const isOnce = new Set(holds.map(({ orderId }) => orderId)).size === holds.length
    return isRight && isOnce ? [] : [`${_id}: on hand ${onHand}, available ${available}, held ${held}`]
  })
}
