import { expect, test } from 'vitest'
import { createSeenKeys } from './seen-keys.ts'

test('tells each text apart from every other, however many there are', () => {
  const seen = createSeenKeys()
  const texts = ['', 'a', 'b', 'ab', 'ba', ...Array.from({ length: 50_000 }, (_, n) => `handle-${n}`)]
  expect(texts.filter((text) => !seen.add(text))).toEqual([])
  expect(texts.filter((text) => seen.add(text))).toEqual([])
})
