import type { Db } from 'mongodb'

/** Numbers that people read out: `TW-1000001` and up, unique, growing, with gaps. */
export interface OrderNumbers {
  readonly next: () => Promise<string>
}

/** Numbers fetched at once. What a process has not used when it ends is a gap. */
const blockSize = 100
const firstNumber = 1_000_000

export function createOrderNumbers(db: Db): OrderNumbers {
  const counters = db.collection<{ _id: string; last: number }>('counters')
  let next = 0
  let end = 0
  let fetching: Promise<void> | undefined

  async function fetchBlock(): Promise<void> {
    const counter = await counters.findOneAndUpdate(
      { _id: 'order-number' },
      { $inc: { last: blockSize } },
      { upsert: true, returnDocument: 'after' },
    )
    if (counter === null) throw new Error('the order number counter did not answer')
    end = counter.last
    next = end - blockSize
  }

  return {
    next: async () => {
      while (next === end) {
        fetching ??= fetchBlock().finally(() => (fetching = undefined))
        await fetching
      }
      next += 1
      return `TW-${firstNumber + next}`
    },
  }
}
