import { listOf, textOf } from '@tradewind/launcher/http-api'
import { median } from '../median.ts'
import type { Api } from '../shop/api.ts'
import { startBareRoute } from '../shop/bare-route.ts'
import { closedLoop, middle, type Run } from '../shop/load.ts'
import { openShop } from '../shop/shop.ts'

export interface Options {
  readonly clients: number
  readonly rounds: number
  readonly seconds: number
  readonly onProgress: (line: string) => void
}

export interface Read {
  readonly name: string
  readonly run: Run
  /** Against the bare route, in the same rounds. */
  readonly ratio: number
}

const skuCount = 1000

/** Reads of the catalogue through the gateway, against a bare Fastify route with a schema and a token check. */
export async function measureBrowse({ clients, rounds, seconds, onProgress }: Options): Promise<Read[]> {
  onProgress('starting the system and filling its shelves')
  const shop = await openShop(skuCount, 1)
  const bare = await startBareRoute()
  try {
    const ids = await productIds(shop.api)
    const idOf = (turn: number) => ids[turn % ids.length] ?? ''
    const token = shop.customers[0] ?? ''
    // Any version will do.
    const headers = { 'if-none-match': '*' }
    const uncached = { 'cache-control': 'no-cache' }
    let turn = 0
    const bareRead = () => bare.read(idOf((turn += 1)))
    const reads: readonly [string, () => Promise<unknown>][] = [
      ['a product', () => shop.api.read(`/v1/products/${idOf((turn += 1))}`, 200, { token })],
      [
        'a product that the client has',
        () => shop.api.read(`/v1/products/${idOf((turn += 1))}`, 304, { token, headers }),
      ],
      [
        'a product that no cache may answer',
        () => shop.api.read(`/v1/products/${idOf((turn += 1))}`, 200, { token, headers: uncached }),
      ],
      ['a page of 20 products', () => shop.api.read('/v1/products?limit=20', 200, { token })],
    ]
    const found: Read[] = []
    for (const [name, read] of reads) {
      await closedLoop(shop, clients, 1, read)
      const runs: Run[] = []
      const ratios: number[] = []
      for (let round = 0; round < rounds; round += 1) {
        const ceiling = await closedLoop(shop, clients, seconds, bareRead)
        const run = await closedLoop(shop, clients, seconds, read)
        runs.push(run)
        ratios.push(run.perSecond / ceiling.perSecond)
      }
      onProgress(
        `${name}: ${Math.round(middle(runs).perSecond)} per second, ${median(ratios).toFixed(2)} of the bare route`,
      )
      found.push({ name, run: middle(runs), ratio: median(ratios) })
    }
    return found
  } finally {
    await bare.stop()
    await shop.stop()
  }
}

async function productIds(api: Api): Promise<readonly string[]> {
  return listOf(await api.call('/v1/products?limit=100', 200), 'items').map((product) => textOf(product, 'id'))
}
