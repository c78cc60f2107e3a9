import { type DemoProduct, demoCatalogue, demoLocations, demoStock } from './demo-catalogue.ts'
import { type Api, listOf, textOf } from './http-api.ts'

/** Requests in flight at a time: enough to keep the service busy, few enough for its queues. */
const concurrency = 8

export interface Seeded {
  readonly products: number
  readonly variants: number
}

/**
 * Creates the demo locations, products and stock through the inventory service. What an earlier, interrupted run created is
 * found and left as it is, so it may run again.
 */
export async function seedCatalogue(inventory: Api, token: string): Promise<Seeded> {
  const locations = new Set(listOf(await inventory('/v1/locations'), 'items').map((location) => textOf(location, 'id')))
  for (const location of demoLocations.filter(({ id }) => !locations.has(id))) {
    await inventory('/v1/locations', { method: 'POST', token, body: location })
  }
  const known = await knownSkus(inventory)
  await eachWithBound(demoCatalogue, concurrency, async (product) => {
    const isKnown = product.variants.some(({ sku }) => known.has(sku))
    if (!isKnown) await inventory('/v1/products', { method: 'POST', token, body: product })
    await stock(inventory, token, product, isKnown)
  })
  return {
    products: demoCatalogue.length,
    variants: demoCatalogue.reduce((count, { variants }) => count + variants.length, 0),
  }
}

async function stock(inventory: Api, token: string, product: DemoProduct, isKnown: boolean): Promise<void> {
  for (const { sku } of product.variants) {
    const stocked = new Set<string>()
    if (isKnown) {
      const levels = listOf(await inventory(`/v1/stock?sku=${encodeURIComponent(sku)}`, { token }), 'items')
      for (const level of levels) stocked.add(textOf(level, 'locationId'))
    }
    for (const { id: locationId } of demoLocations.filter(({ id }) => !stocked.has(id))) {
      await inventory('/v1/stock/adjustments', {
        method: 'POST',
        token,
        idempotencyKey: `demo-${sku}-${locationId}`,
        body: { sku, locationId, delta: demoStock(sku, locationId), reason: 'received' },
      })
    }
  }
}

async function knownSkus(inventory: Api): Promise<Set<string>> {
  const skus = new Set<string>()
  let next = '/v1/products?limit=100'
  for (;;) {
    const page = await inventory(next)
    for (const product of listOf(page, 'items')) {
      for (const variant of listOf(product, 'variants')) skus.add(textOf(variant, 'sku'))
    }
    const cursor = typeof page === 'object' && page !== null ? Reflect.get(page, 'nextCursor') : undefined
    if (typeof cursor !== 'string') return skus
    next = `/v1/products?limit=100&cursor=${encodeURIComponent(cursor)}`
  }
}

/** Calls `work` for every value, at most `bound` at a time. Rejects with the first failure after the others have settled. */
async function eachWithBound<T>(values: readonly T[], bound: number, work: (value: T) => Promise<void>): Promise<void> {
  const queue = values.values()
  const worker = async () => {
    for (const value of queue) await work(value)
  }
  const results = await Promise.allSettled(Array.from({ length: bound }, worker))
  const failed = results.find((result) => result.status === 'rejected')
  if (failed !== undefined) throw failed.reason
}
