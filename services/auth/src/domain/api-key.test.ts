import { expect, test } from 'vitest'
import { createApiKey, isKeyGood, revokeApiKey, useApiKey } from './api-key.ts'

const now = new Date('2026-03-01T10:00:00Z')
const at = (ms: number) => new Date(now.getTime() + ms)
const dayMs = 24 * 3600 * 1000
const key = createApiKey(
  {
    id: 'apk_1',
    userId: 'usr_1',
    name: 'a shop',
    scopes: ['own:use'],
    prefix: 'twk_abcd',
    keyHash: 'h',
    expiresInDays: 2,
  },
  now,
)

test('a key is good until it expires or is revoked', () => {
  expect([isKeyGood(key, at(2 * dayMs - 1)), isKeyGood(key, at(2 * dayMs))]).toEqual([true, false])
  const revoked = revokeApiKey(key, at(5))
  expect(isKeyGood(revoked, at(6))).toBe(false)
  expect(revokeApiKey(revoked, at(7))).toBe(revoked)
})

test('its use is noted once a minute, and never after its end', () => {
  const used = useApiKey(key, at(1000))
  expect(used.lastUsedAt).toEqual(at(1000))
  expect(useApiKey(used, at(60_999))).toBe(used)
  expect(useApiKey(used, at(61_000)).lastUsedAt).toEqual(at(61_000))
  expect(useApiKey(used, at(3 * dayMs))).toBe(used)
})
