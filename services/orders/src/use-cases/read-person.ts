import type { PersonData } from '@tradewind/contracts/privacy'
import { isOver } from '../domain/forget-person.ts'
import type { OrderRepository } from '../store/order.repository.ts'

export interface ReadPerson {
  readonly countOpenOrders: (userId: string) => Promise<number>
  /** What there is of a person, a few orders at a time, so that an answer stays below a message's limit. */
  readonly dataOf: (userId: string, after: string | undefined) => Promise<PersonData>
}

const ordersAtOnce = 5

export const makeReadPerson = ({ orders }: { readonly orders: OrderRepository }): ReadPerson => ({
  countOpenOrders: async (userId) => {
    let open = 0
    for await (const order of orders.ofCustomer(userId)) if (!isOver(order)) open += 1
    return open
  },
  dataOf: async (userId, after) => {
    const query = { customerId: userId, status: undefined, after, limit: ordersAtOnce }
    const found = await orders.list(query)
    const page = found.slice(0, ordersAtOnce)
    const items = page.map(({ requestHash: _hash, idempotencyKey: _key, keys: _keys, ...order }) => ({
      kind: 'order',
      data: { ...order },
    }))
    return { items, next: found.length > ordersAtOnce ? (page.at(-1)?.id ?? null) : null }
  },
})
