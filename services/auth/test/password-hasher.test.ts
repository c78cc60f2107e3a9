import { hash, parseOptions } from '@node-rs/argon2'
import { expect, test } from 'vitest'
import { createPasswordHasher, HashingBusy } from '../src/crypto/password-hasher.ts'

const password = 'correct horse battery staple'

test('hashes with Argon2id at the parameters OWASP names, and verifies', async () => {
  const passwords = await createPasswordHasher({ concurrency: 2, maxWaiting: 10 })
  const made = await passwords.hash(password)
  expect(made).toMatch(/^\$argon2id\$/)
  expect(parseOptions(made)).toMatchObject({ memoryCost: 19_456, timeCost: 2, parallelism: 1, outputLen: 32 })
  expect(await passwords.verify(made, password)).toBe(true)
  expect(await passwords.verify(made, `${password}!`)).toBe(false)
  expect(await passwords.hash(password)).not.toBe(made)
})

test('takes the same password in another Unicode form', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 10 })
  const made = await passwords.hash('caf\u00e9 caf\u00e9 caf\u00e9')
  expect(await passwords.verify(made, 'cafe\u0301 cafe\u0301 cafe\u0301')).toBe(true)
})

test('answers false without a hash, whatever the password', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 10 })
  expect(await passwords.verify(undefined, 'nobody has this password')).toBe(false)
})

test('tells each of those who wait in line what became of his own password', async () => {
  const passwords = await createPasswordHasher({ concurrency: 2, maxWaiting: 10 })
  const made = await passwords.hash(password)
  const tried = Array.from({ length: 11 }, (_, index) => (index % 3 === 0 ? password : `${password}${index}`))
  const answers = await Promise.all(tried.map((each) => passwords.verify(made, each)))
  expect(answers).toEqual(tried.map((each) => each === password))
  expect(passwords.waiting()).toBe(0)
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

test('takes a password as it was typed where a hash was made of that', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 10 })
  const typed = 'cafe\u0301 cafe\u0301 ﬁ'
  const older = await hash(typed, { memoryCost: 19_456, timeCost: 2, parallelism: 1 })
  expect(await passwords.verify(older, typed)).toBe(true)
  expect(await passwords.verify(older, `${typed}!`)).toBe(false)
})

test('knows a hash that is weaker than new ones', async () => {
  const passwords = await createPasswordHasher({ concurrency: 1, maxWaiting: 10 })
  const weak = await hash(password, { memoryCost: 8192, timeCost: 1, parallelism: 1 })
  const strong = await hash(password, { memoryCost: 65_536, timeCost: 3, parallelism: 1 })
  expect([weak, strong, await passwords.hash(password)].map(passwords.isOutdated)).toEqual([true, false, false])
})
