import { randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { eventually } from '@tradewind/testkit/eventually'
import type { Shop } from './shop.ts'

const pauseMs = 250
const retryMs = 200
const knownWithinMs = 60_000

/** An operator who adds products all the while. Nobody asks for these events again, as the saga does for its own. */
export function startCatalogue(shop: Shop, token: string) {
  const skus: string[] = []
  let isStopped = false

  async function addOne(sku: string): Promise<void> {
    const price = { amountMinor: 500, currency: 'EUR' }
    const product = { title: 'Novelty', category: 'kitchen', variants: [{ sku, title: 'Novelty', price }] }
    for (;;) {
      const answer = await shop.post('/v1/products', product, { token }).catch(() => undefined)
      // The first try may have had its effect without an answer.
      if (answer?.status === 201 || answer?.status === 409) return void skus.push(sku)
      // A service whose clock is ahead takes the token for one that has expired.
      if (answer !== undefined && answer.status < 500 && answer.status !== 401)
        throw new Error(`no product: ${JSON.stringify(answer.body)}`)
      if (isStopped) return
      await delay(retryMs)
    }
  }

  async function addForever(): Promise<void> {
    while (!isStopped) {
      await addOne(`SKU-${randomUUID()}`)
      await delay(pauseMs)
    }
  }
  const running = addForever()

  return {
    stop: async () => {
      isStopped = true
      await running
    },
    /** Products that cannot be ordered a minute after the last of them was made: orders never heard of them. */
    unknown: async (customer: string): Promise<string[]> => {
      const waiting = new Set(skus)
      const isKnown = async (sku: string) =>
        (await shop.place(customer, [{ sku, quantity: 10_000 }], { key: randomUUID() })).status === 201
      await eventually(
        async () => {
          for (const sku of waiting) if (await isKnown(sku)) waiting.delete(sku)
          return waiting.size === 0
        },
        { timeoutMs: knownWithinMs, everyMs: 500 },
      ).catch(() => undefined)
      return [...waiting]
    },
  }
}
