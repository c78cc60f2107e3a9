import type { Order } from '@tradewind/contracts/orders'
import { createAggregateStore, DuplicateKey } from '@tradewind/database/aggregate-store'
import type { Db } from 'mongodb'

/** The first answers to requests that waited for their order. Others are answered with the order as accepted, which needs no copy. */
export interface Answers {
  /** Keeps the answer unless there is one, and returns the one that is kept. */
  readonly keepFirst: (answer: Order) => Promise<Order>
  readonly find: (orderId: string) => Promise<Order | undefined>
  readonly forget: (orderId: string) => Promise<void>
}

interface FirstAnswer {
  /** The order's. */
  readonly id: string
  readonly at: Date
  readonly body: string
}

export function createAnswers(db: Db, now: () => Date): Answers {
  const store = createAggregateStore<FirstAnswer>(db, 'first_answers', { now })
  const find = async (orderId: string): Promise<Order | undefined> => {
    const found = await store.find(orderId)
    return found === undefined ? undefined : JSON.parse(found.body)
  }
  return {
    keepFirst: async (answer) => {
      try {
        await store.insert({ id: answer.id, at: now(), body: JSON.stringify(answer) })
        return answer
      } catch (error) {
        if (!DuplicateKey.is(error)) throw error
      }
      return (await find(answer.id)) ?? answer
    },
    find,
    forget: async (orderId) => {
      await store.collection.deleteOne({ _id: orderId })
    },
  }
}
