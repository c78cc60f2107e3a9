import { eventually } from '@tradewind/testkit/eventually'
import { expect, it } from 'vitest'

it('returns what the check gives once it holds', async () => {
  let tries = 0
  const value = await eventually(() => {
    tries += 1
    if (tries === 1) throw new Error('not yet')
    if (tries === 2) return undefined
    return tries === 3 ? false : `try ${tries}`
  })
  expect(value).toBe('try 4')
})

it('takes null, zero and the empty text as values', async () => {
  expect(await eventually(() => null)).toBe(null)
  expect(await eventually(() => 0)).toBe(0)
  expect(await eventually(() => '')).toBe('')
})

it('says how long it waited and why it did not hold', async () => {
  const why = new Error('the order is still pending')
  const waiting = eventually(() => Promise.reject(why), { timeoutMs: 30, everyMs: 5 })
  await expect(waiting).rejects.toThrow(/not true after \d+ ms and \d+ tries: the order is still pending/)
  await expect(waiting).rejects.toHaveProperty('cause', why)
})

it('looks once even when no time is given', async () => {
  expect(await eventually(() => true, { timeoutMs: 0 })).toBe(true)
})
