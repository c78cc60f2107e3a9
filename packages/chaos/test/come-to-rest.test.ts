import { expect, test } from 'vitest'
import { comeToRest } from '../src/come-to-rest.ts'

const quickly = { withinMs: 60, everyMs: 5 }
const silent = () => undefined
const lost = { invariant: 'I1', message: 'an order waits', documents: [] }

test('a system in which everything holds has come to rest', async () => {
  const look = { ordersUnderWay: async () => 0, violations: async () => [] }
  expect(await comeToRest(look, silent, quickly)).toEqual([])
})

test('what does not hold when the time is up is reported, also when the last look fails', async () => {
  let looks = 0
  const violations = async () => {
    looks += 1
    if (looks > 1) throw new Error('the database does not answer')
    return [lost]
  }
  expect(await comeToRest({ ordersUnderWay: async () => 0, violations }, silent, quickly)).toEqual([lost])
})

test.each(['ordersUnderWay', 'violations'] as const)(
  'nothing is taken for granted when %s cannot be read',
  async (name) => {
    const fail = () => Promise.reject(new Error('the database does not answer'))
    const look = { ordersUnderWay: async () => 0, violations: async () => [], [name]: fail }
    const [violation, ...others] = await comeToRest(look, silent, quickly)
    expect(others).toEqual([])
    expect(violation?.message).toContain('the database does not answer')
  },
)

test('orders that never end are looked at all the same', async () => {
  const look = { ordersUnderWay: async () => 3, violations: async () => [lost] }
  expect(await comeToRest(look, silent, quickly)).toEqual([lost])
})
