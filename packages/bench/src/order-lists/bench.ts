import type { Bench } from '../options.ts'
import { table } from '../table.ts'
import { atLeast } from '../verdict.ts'
import { measureOrderLists } from './measure.ts'

export const orderLists: Bench = {
  name: 'order-lists',
  help: `Pages of orders by customer and by status, from a shop with 1000 orders and from one with --large.

  --large N      orders of the large shop (1000000)
  --rounds N     rounds of each pair (3)`,
  run: async ({ large, rounds }, onProgress) => {
    const figures = await measureOrderLists({ orders: Number(large), rounds: Number(rounds), onProgress })
    const rows = figures.map(({ name, few, many, ratio }) => [
      name,
      Math.round(many),
      Math.round(few),
      `${ratio.toFixed(2)} (${atLeast(ratio, 0.9)})`,
    ])
    return { figures, text: table(['pages of 50 orders', `per second of ${large}`, 'of 1000', 'ratio'], rows) }
  },
}
