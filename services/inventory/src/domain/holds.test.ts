import * as fc from 'fast-check'
import { expect, test } from 'vitest'
import { type Hold, holdOf, withHold } from './holds.ts'

test('a hold is found in a list of any length exactly where a walk finds it, on every branch of its history', () => {
  const orders = fc.array(fc.integer({ min: 0, max: 400 }), { minLength: 60, maxLength: 400 })
  fc.assert(
    fc.property(orders, (added) => {
      const lists: (readonly Hold[])[] = [[]]
      for (const number of added) {
        // Now and then an older list is grown once more, as a decision that is made again does.
        const from = lists[number % 7 === 0 ? Math.floor(lists.length / 2) : lists.length - 1] ?? []
        const orderId = `ord_${number}`
        const walked = from.find((hold) => hold.orderId === orderId)
        expect(holdOf(from, orderId)).toBe(walked)
        if (walked === undefined) lists.push(withHold(from, { orderId, quantity: number, plan: 1 }))
      }
    }),
    { numRuns: 100 },
  )
})
