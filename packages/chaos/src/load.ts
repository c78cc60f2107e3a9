import { setTimeout as delay } from 'node:timers/promises'
import type { Chance } from '@tradewind/testkit/chance'
import { createShop, type Line, textAt } from './shop.ts'

/** What became of the requests of a load. */
export interface LoadRecord {
  /** Orders that a client was told are accepted. */
  readonly accepted: string[]
  /** Refused with an answer that says so, below 500. */
  refused: number
  /** Keys that a client gave up on without knowing what came of them. */
  readonly unknown: string[]
  /** Answers by status; 0 where the connection ended without one. */
  readonly statuses: Map<number, number>
  /** Longest that a client waited for an answer or the end of its connection. */
  slowestMs: number
}

export interface LoadOptions {
  readonly gatewayUrl: string
  readonly chance: Chance
  readonly skus: readonly [string, ...string[]]
  readonly customers: readonly string[]
  readonly clients?: number
  /** Of each client between two orders. Default 100. */
  readonly pauseMs?: number
  readonly methods?: readonly [string, ...string[]]
  /** Probability that a customer cancels right after. */
  readonly cancels?: number
  /** Units of a line at most. */
  readonly quantity?: number
}

export interface Load {
  readonly record: LoadRecord
  /** Orders placed so far. */
  readonly placed: () => number
  /** No new orders; resolves when every client has got or given up its last answer. */
  readonly stop: () => Promise<LoadRecord>
}

/** How long a client asks with the same key before it gives up. */
const patienceMs = 60_000
const retryMs = 100
/** One in so many clients does not ask again: what came of its order stays unknown to it. */
const carelessness = 0.2
/** One in so many asks twice at the same moment, with one key. */
const impatience = 0.05

/** Clients that place orders one after another, repeat a key until there is an answer, and note what they were told. */
export function startLoad(options: LoadOptions): Load {
  const { gatewayUrl, chance, skus, customers, clients = 12, pauseMs = 100, quantity = 2, cancels = 0.1 } = options
  const { methods = ['pm_approve', 'pm_approve', 'pm_approve', 'pm_approve', 'pm_decline'] } = options
  const record: LoadRecord = { accepted: [], refused: 0, unknown: [], statuses: new Map(), slowestMs: 0 }
  const shop = createShop(gatewayUrl, clients)
  let isStopped = false
  let count = 0

  const note = (status: number, startedAt: number) => {
    record.statuses.set(status, (record.statuses.get(status) ?? 0) + 1)
    record.slowestMs = Math.max(record.slowestMs, Math.round(performance.now() - startedAt))
  }

  async function placeOne(token: string, key: string): Promise<void> {
    const lines: Line[] = [...new Set(Array.from({ length: chance.integer(1, 2) }, () => chance.oneOf(skus)))].map(
      (sku) => ({
        sku,
        quantity: chance.integer(1, quantity),
      }),
    )
    const paymentMethod = chance.oneOf([methods[0], ...methods])
    const isCareless = chance.isHit(carelessness)
    const isImpatient = chance.isHit(impatience)
    const isCancelled = chance.isHit(cancels)
    const giveUpAt = performance.now() + patienceMs
    for (;;) {
      const startedAt = performance.now()
      const ask = () => shop.place(token, lines, { key, paymentMethod }).catch(() => undefined)
      const [answer, twin] = await Promise.all(isImpatient ? [ask(), ask()] : [ask()])
      note(answer?.status ?? 0, startedAt)
      if (answer?.status === 201) {
        const id = textAt(answer.body, 'id')
        record.accepted.push(id)
        if (twin?.status === 201) record.accepted.push(textAt(twin.body, 'id'))
        if (isCancelled) await shop.post(`/v1/orders/${id}/cancel`, {}, { token }).catch(() => undefined)
        return
      }
      if (answer !== undefined && answer.status < 500 && answer.status !== 409) {
        record.refused += 1
        return
      }
      if (isCareless || performance.now() > giveUpAt) {
        record.unknown.push(key)
        return
      }
      const retryAfterMs = Number(answer?.headers['retry-after'] ?? 0) * 1000
      await delay(retryAfterMs === 0 ? retryMs : retryAfterMs * (1 + chance.next()))
    }
  }

  async function shopForever(index: number): Promise<void> {
    const token = customers[index % customers.length] ?? ''
    while (!isStopped) {
      count += 1
      await placeOne(token, `order-${index}-${count}-${chance.integer(0, 1e9)}`)
      await delay(chance.integer(0, 2 * pauseMs))
    }
  }
  const running = Promise.all(Array.from({ length: clients }, (_, index) => shopForever(index)))
  return {
    record,
    placed: () => record.accepted.length,
    stop: async () => {
      isStopped = true
      await running
      shop.close()
      return record
    },
  }
}
