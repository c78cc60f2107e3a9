import type { Order } from '@tradewind/contracts/orders'
import { type Db, MongoServerError } from 'mongodb'

/** The first answers to requests that waited for their order. Others are answered with the order as accepted, which needs no copy. */
export interface Answers {
  /** Keeps the answer unless there is one, and returns the one that is kept. */
  readonly keepFirst: (answer: Order) => Promise<Order>
  readonly find: (orderId: string) => Promise<Order | undefined>
  readonly forget: (orderId: string) => Promise<void>
}

export function createAnswers(db: Db, now: () => Date): Answers {
  const collection = db.collection<{ _id: string; at: Date; body: string }>('first_answers')
  const find = async (orderId: string): Promise<Order | undefined> => {
    const found = await collection.findOne({ _id: orderId })
    return found === null ? undefined : JSON.parse(found.body)
  }
  return {
    keepFirst: async (answer) => {
      try {
        await collection.insertOne({ _id: answer.id, at: now(), body: JSON.stringify(answer) })
        return answer
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
      }
      return (await find(answer.id)) ?? answer
    },
    find,
    forget: async (orderId) => {
      await collection.deleteOne({ _id: orderId })
    },
  }
}
