import { newId } from '@tradewind/service-kit/ids'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type AuthFixture, startAuth } from './auth-fixture.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await startAuth({}, { perAccount: 1_000_000, perNetwork: 1_000_000, takenPerNetwork: 1_000_000 })
})
afterAll(() => auth.stop())

const password = 'correct horse battery staple'
const newEmail = () => `${newId('mail')}@example.org`
const rounds = 100
/** Between the medians. A hash that is left out makes nine tenths; what is less than this drowns in a machine that is busy. */
const mostApart = 0.4

async function timeOf(path: string, body: object): Promise<number> {
  const startedAt = performance.now()
  await auth.post(path, body)
  return performance.now() - startedAt
}

const median = (values: readonly number[]): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

/** The chance that one of the first takes longer than one of the second, ties counted half (Mann and Whitney's U / nm). */
function chanceOfLonger(first: readonly number[], second: readonly number[]): number {
  let wins = 0
  for (const a of first) for (const b of second) wins += a > b ? 1 : a === b ? 0.5 : 0
  return wins / (first.length * second.length)
}

/** Interleaved, in turns that change their order, so that whatever else the machine does falls on both. */
async function compare(first: () => Promise<number>, second: () => Promise<number>) {
  const times: [number[], number[]] = [[], []]
  for (let round = -10; round < rounds; round++) {
    const order = round % 2 === 0 ? ([0, 1] as const) : ([1, 0] as const)
    for (const which of order) {
      const time = await (which === 0 ? first() : second())
      if (round >= 0) times[which].push(time)
    }
  }
  const [a, b] = times
  return { first: median(a), second: median(b), chance: chanceOfLonger(a, b) }
}

test('signing in takes as long for an address without an account as for a wrong password', {
  timeout: 60_000,
}, async () => {
  const emails = Array.from({ length: 20 }, newEmail)
  for (const email of emails) await auth.post('/v1/auth/register', { email, password, name: 'Ada' })
  let turn = 0
  const { first, second, chance } = await compare(
    () => timeOf('/v1/auth/login', { email: emails[turn++ % emails.length], password: 'wrong' }),
    () => timeOf('/v1/auth/login', { email: newEmail(), password: 'wrong' }),
  )
  expect(Math.abs(first - second) / Math.max(first, second)).toBeLessThan(mostApart)
  // Half means that the times say nothing. What leaves the hash out comes to nearly 1.
  expect(Math.abs(chance - 0.5)).toBeLessThan(0.3)
})

let networks = 0
/** Of a network that asked for no mail yet. */
const newAddress = () => `198.18.${Math.floor(++networks / 250)}.${(networks % 250) + 1}`

/** Addresses that have accounts, each of which may be written to four times. */
const knownEmails = async (at: AuthFixture) => {
  const emails = Array.from({ length: 40 }, newEmail)
  for (const email of emails)
    await at.post('/v1/auth/register', { email, password, name: 'Ada' }, { from: newAddress() })
  await at.deferred.settle()
  return emails
}

test.each([
  ['registering by mail', '/v1/auth/register', { password, name: 'Ada' }],
  ['asking for a new password', '/v1/auth/password/forgot', {}],
])('%s takes as long for an address without an account', { timeout: 60_000 }, async (_name, path, rest) => {
  const byMail = await startAuth({ registerByMail: true })
  const emails = await knownEmails(byMail)
  let turn = 0
  const ask = async (email: string) => {
    const from = newAddress()
    const startedAt = performance.now()
    const { status } = await byMail.post(path, { email, ...rest }, { from })
    const time = performance.now() - startedAt
    expect(status).toBe(202)
    await byMail.deferred.settle()
    return time
  }
  const { chance } = await compare(
    () => ask(emails[turn++ % emails.length] ?? ''),
    () => ask(newEmail()),
  )
  await byMail.stop()
  expect(Math.abs(chance - 0.5)).toBeLessThan(0.3)
})

test('being held up takes as long for an address without an account', { timeout: 60_000 }, async () => {
  const held = await startAuth({}, { perAccount: 1, perNetwork: 1_000_000 })
  const email = newEmail()
  await held.post('/v1/auth/register', { email, password, name: 'Ada' })
  const nobody = newEmail()
  const guess = async (address: string) => {
    const startedAt = performance.now()
    await held.post('/v1/auth/login', { email: address, password: 'wrong' }, { from: '203.0.113.7' })
    return performance.now() - startedAt
  }
  await guess(email)
  await guess(nobody)
  const { chance } = await compare(
    () => guess(email),
    () => guess(nobody),
  )
  await held.stop()
  expect(Math.abs(chance - 0.5)).toBeLessThan(0.3)
})
