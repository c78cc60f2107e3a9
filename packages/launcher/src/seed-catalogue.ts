import { setTimeout as delay } from 'node:timers/promises'
import { demoCatalogue, demoLocations, demoStock } from './demo-catalogue.ts'
import { type Api, listOf, numberOf, textOf } from './http-api.ts'

/** Longer than an import waits that the crash of an earlier start interrupted. */
const importTimeoutMs = 120_000
const pollMs = 50

export interface Seeded {
  readonly products: number
  readonly variants: number
}

/**
 * Creates the demo locations, products and stock through the inventory service. What an earlier, interrupted run began is
 * carried on, and nothing is done twice, so it may run again.
 */
export async function seedCatalogue(inventory: Api, token: string): Promise<Seeded> {
  const locations = new Set(listOf(await inventory('/v1/locations'), 'items').map((location) => textOf(location, 'id')))
  for (const location of demoLocations.filter(({ id }) => !locations.has(id))) {
    await inventory('/v1/locations', { method: 'POST', token, body: location })
  }
  const skus = demoCatalogue.flatMap(({ variants }) => variants.map(({ sku }) => sku))
  await importAll(
    inventory,
    token,
    'products',
    demoCatalogue.map((product) => ({ handle: handleOf(product.title), ...product })),
  )
  await importAll(
    inventory,
    token,
    'stock',
    skus.flatMap((sku) =>
      demoLocations.map(({ id: locationId }) => {
        const delta = demoStock(sku, locationId)
        return { sku, locationId, delta, reason: 'received' }
      }),
    ),
  )
  return { products: demoCatalogue.length, variants: skus.length }
}

/** `Chef’s Knife` becomes `chef-s-knife`. */
const handleOf = (title: string): string =>
  title
    .normalize('NFKD')
    .replaceAll(/\p{Mark}/gu, '')
    .toLowerCase()
    .replaceAll(/[^a-z0-9]+/g, '-')

/** Imports a file and waits until all of it is in. Throws with the first row that was refused. */
async function importAll(inventory: Api, token: string, kind: 'products' | 'stock', lines: readonly object[]) {
  const idempotencyKey = `demo-${kind}`
  const queued = await inventory(`/v1/imports?kind=${kind}`, { method: 'POST', token, idempotencyKey, lines })
  const path = `/v1/jobs/${textOf(queued, 'id')}`
  const until = performance.now() + importTimeoutMs
  for (;;) {
    const job = await inventory(path, { token })
    const status = textOf(job, 'status')
    if (status === 'completed' && numberOf(job, 'progress', 'failed') === 0) return
    if (status !== 'queued' && status !== 'running') throw new Error(await whyNot(inventory, token, kind, path))
    if (performance.now() > until) throw new Error(`the import of the demo ${kind} has been ${status} for two minutes`)
    await delay(pollMs)
  }
}

async function whyNot(inventory: Api, token: string, kind: string, path: string): Promise<string> {
  const [error] = listOf(await inventory(`${path}/errors`, { token }), 'items')
  const why = error === undefined ? 'it was stopped' : `row ${numberOf(error, 'row')}: ${textOf(error, 'detail')}`
  return `the demo ${kind} could not be imported: ${why}`
}
