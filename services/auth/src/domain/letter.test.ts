import { expect, test } from 'vitest'
import { addLetter, createLetter, findLetter, isTooSoon, type Letter, letterIntervalMs, maxLetters } from './letter.ts'

const start = new Date('2026-03-01T10:00:00Z')
const at = (ms: number) => new Date(start.getTime() + ms)
const letter = (id: string, kind: Letter['kind'], ms = 0) =>
  createLetter({ id, kind, to: 'ada@example.org', nonce: 'n', keyId: 'k' }, at(ms))

test('of the links of one kind only the latest is good, and news stand beside each other', () => {
  const letters = [
    letter('a', 'verify-email'),
    letter('b', 'reset-password'),
    letter('c', 'password-changed'),
    letter('d', 'verify-email'),
    letter('e', 'password-changed'),
  ].reduce<readonly Letter[]>(addLetter, [])
  expect(letters.map(({ id }) => id)).toEqual(['b', 'c', 'd', 'e'])
})

test('is forgotten when its time is up, and never are there more than so many', () => {
  const halfHour = 30 * 60_000
  const letters = addLetter([], letter('a', 'reset-password'))
  expect(findLetter(letters, 'a', at(halfHour - 1))?.id).toBe('a')
  expect(findLetter(letters, 'a', at(halfHour))).toBeUndefined()
  expect(addLetter(letters, letter('b', 'verify-email', halfHour)).map(({ id }) => id)).toEqual(['b'])
  const many = Array.from({ length: 50 }, (_, index) => letter(String(index), 'email-changed', index))
  expect(many.reduce<readonly Letter[]>(addLetter, [])).toHaveLength(maxLetters)
})

test('is not written twice within a minute', () => {
  const letters = addLetter([], letter('a', 'verify-email'))
  expect(isTooSoon(letters, 'verify-email', at(letterIntervalMs - 1))).toBe(true)
  expect(isTooSoon(letters, 'verify-email', at(letterIntervalMs))).toBe(false)
  expect(isTooSoon(letters, 'reset-password', start)).toBe(false)
})
