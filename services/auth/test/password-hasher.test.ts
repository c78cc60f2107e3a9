import { parseOptions } from '@node-rs/argon2'
import { expect, test } from 'vitest'
import { createPasswordHasher, HashingBusy } from '../src/crypto/password-hasher.ts'

const password = 'correct horse battery staple'

test('hashes with Argon2id at the parameters OWASP names, and verifies', async () => {
  const passwords = await createPasswordHasher({ concurrency: 2, maxWaiting: 10 })
  const hash = await passwords.hash(password)
  expect(hash).toMatch(/^\$argon2id\$/)
  expect(parseOptions(hash)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 })
  expect(await passwords.verify(hash, password)).toBe(true)
  expect(await passwords.verify(hash, `${password}!`)).toBe(false)
  expect(await passwords.hash(password)).not.toBe(hash)
})

test('takes the same password in another Unicode form', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 10 })
  const hash = await passwords.hash('caf\u00e9 caf\u00e9 caf\u00e9')
  expect(await passwords.verify(hash, 'cafe\u0301 cafe\u0301 cafe\u0301')).toBe(true)
})

test('answers false without a hash, whatever the password', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 10 })
  expect(await passwords.verify(undefined, 'nobody has this password')).toBe(false)
})

test('lets a bounded number wait and refuses the rest at once', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 3 })
  const attempts = Array.from({ length: 10 }, () => passwords.verify(undefined, password))
  const results = await Promise.allSettled(attempts)
  const refused = results.filter((result) => result.status === 'rejected')
  expect(refused).toHaveLength(6)
  expect(refused.every(({ reason }) => HashingBusy.is(reason) && reason.details['retryAfterSeconds'] === 2)).toBe(true)
  expect(await passwords.verify(undefined, password)).toBe(false)
})
