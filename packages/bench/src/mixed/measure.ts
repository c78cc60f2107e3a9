import { listOf, textOf } from '@tradewind/launcher/http-api'
import { closedLoop, middle, type Run } from '../shop/load.ts'
import { confirmOrder } from '../shop/place-order.ts'
import { openShop } from '../shop/shop.ts'

export interface Options {
  readonly clients: number
  readonly rounds: number
  readonly seconds: number
  readonly onProgress: (line: string) => void
}

const skuCount = 1000

/** What a shop does all day: of a hundred requests ninety read the catalogue, nine place an order, one signs in. */
export async function measureMixed({ clients, rounds, seconds, onProgress }: Options): Promise<Run> {
  onProgress('starting the system and filling its shelves')
  const shop = await openShop(skuCount, clients)
  try {
    const found = listOf(await shop.api.call('/v1/products?limit=20', 200), 'items')
    const ids = found.map((product) => textOf(product, 'id'))
    const work = async (client: number) => {
      const chance = Math.random()
      if (chance < 0.9) await shop.api.read(`/v1/products/${ids[Math.floor(chance * 100) % ids.length]}`, 200)
      else if (chance < 0.99) await confirmOrder(shop, client)
      else await shop.signIn(client)
    }
    await closedLoop(shop, clients, seconds, work)
    const runs: Run[] = []
    for (let round = 0; round < rounds; round += 1) {
      runs.push(await closedLoop(shop, clients, seconds, work))
      onProgress(`${Math.round(runs.at(-1)?.perSecond ?? Number.NaN)} requests per second`)
    }
    return middle(runs)
  } finally {
    await shop.stop()
  }
}
