import { newId } from '@tradewind/service-kit/ids'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createThrottles } from '../src/store/throttles.ts'
import { type AuthFixture, startAuth } from './auth-fixture.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await startAuth({}, { perAccount: 5, perNetwork: 20, takenPerNetwork: 3 })
})
afterAll(() => auth.stop())

const password = 'correct horse battery staple'
const newEmail = () => `${newId('mail')}@example.org`
let networks = 0
/** An address that no other test uses. */
const newAddress = () => `198.18.${Math.floor(++networks / 250)}.${(networks % 250) + 1}`
const advance = (milliseconds: number) => {
  auth.clock.now = new Date(auth.clock.now.getTime() + milliseconds)
}

const logIn = (email: string, secret: string, from: string, deviceToken?: string) =>
  auth.post('/v1/auth/login', { email, password: secret, ...(deviceToken !== undefined && { deviceToken }) }, { from })

async function newCustomer(from: string): Promise<{ email: string; deviceToken: string }> {
  const email = newEmail()
  const { status, body } = await auth.post('/v1/auth/register', { email, password, name: 'Ada' }, { from })
  expect(status).toBe(201)
  const { deviceToken }: { deviceToken: string } = JSON.parse(JSON.stringify(body))
  return { email, deviceToken }
}

/** As many guesses as there are addresses, all at once. */
const guessFrom = (email: string, addresses: readonly string[]) =>
  Promise.all(addresses.map((from) => logIn(email, 'wrong', from)))
const statusesOf = (answers: readonly { status: number }[]) =>
  answers.map(({ status }) => status).toSorted((a, b) => a - b)

describe('guessing for one account', () => {
  test('is held up however many addresses it comes from, also all at once', async () => {
    const { email } = await newCustomer(newAddress())
    const answers = await guessFrom(email, Array.from({ length: 12 }, newAddress))
    expect(statusesOf(answers)).toEqual([
      ...Array.from({ length: 5 }, () => 401),
      ...Array.from({ length: 7 }, () => 429),
    ])
  })

  test('says by the draft’s headers what is used up and when to come back, and then it is so', async () => {
    const { email } = await newCustomer(newAddress())
    await guessFrom(email, Array.from({ length: 5 }, newAddress))
    const refused = await logIn(email, 'wrong', newAddress())
    expect(refused).toMatchObject({
      status: 429,
      body: { code: 'AUTH_TOO_MANY_ATTEMPTS' },
      headers: {
        'retry-after': '180',
        'ratelimit-policy': '"sign-in-account";q=5;w=900',
        ratelimit: '"sign-in-account";r=0;t=180',
      },
    })
    advance(180_000)
    expect((await logIn(email, 'wrong', newAddress())).status).toBe(401)
    expect((await logIn(email, 'wrong', newAddress())).status).toBe(429)
  })

  test('is held up in the same words where there is no account', async () => {
    const { email } = await newCustomer(newAddress())
    const known = await guessFrom(email, Array.from({ length: 7 }, newAddress))
    const unknown = await guessFrom(newEmail(), Array.from({ length: 7 }, newAddress))
    expect(statusesOf(unknown)).toEqual(statusesOf(known))
    const refusal = (answers: typeof known) => answers.find(({ status }) => status === 429)?.body
    expect(refusal(unknown)).toEqual(refusal(known))
  })

  test('does not keep the owner out at home, on his device, or after a sign-in there', async () => {
    const home = newAddress()
    const { email, deviceToken } = await newCustomer(home)
    const besiege = () => guessFrom(email, Array.from({ length: 15 }, newAddress))
    await besiege()
    expect((await logIn(email, password, newAddress())).status).toBe(429)
    expect((await logIn(email, password, home)).status).toBe(200)
    const travelling = newAddress()
    expect((await logIn(email, password, travelling, deviceToken)).status).toBe(200)
    await besiege()
    expect((await logIn(email, password, travelling)).status).toBe(200)
  })

  test('is limited on a known network and with a device token, too', async () => {
    const home = newAddress()
    const { email, deviceToken } = await newCustomer(home)
    const atHome = await guessFrom(
      email,
      Array.from({ length: 8 }, () => home),
    )
    expect(statusesOf(atHome).filter((status) => status === 401)).toHaveLength(5)
    const device = await Promise.all(Array.from({ length: 8 }, () => logIn(email, 'wrong', newAddress(), deviceToken)))
    expect(statusesOf(device).filter((status) => status === 401)).toHaveLength(5)
  })

  test('gains nothing by device tokens that are made up or another account’s', async () => {
    const { email } = await newCustomer(newAddress())
    const other = await newCustomer(newAddress())
    await guessFrom(email, Array.from({ length: 5 }, newAddress))
    for (const token of [other.deviceToken, `${'A'.repeat(22)}.${'A'.repeat(43)}`, 'rubbish'])
      expect((await logIn(email, password, newAddress(), token)).status).toBe(429)
  })

  test('leaves a right password free of charge', async () => {
    const { email } = await newCustomer(newAddress())
    for (let times = 0; times < 12; times++) expect((await logIn(email, password, newAddress())).status).toBe(200)
  })
})

describe('guessing from one network', () => {
  test('is held up however many accounts it is about; an IPv6 network counts as one address', async () => {
    for (let index = 0; index < 20; index++)
      expect((await logIn(newEmail(), 'wrong', `2001:db8:0:1::${index.toString(16)}`)).status).toBe(401)
    const refused = await logIn(newEmail(), 'wrong', '2001:db8:0:1:ffff::1')
    expect(refused).toMatchObject({ status: 429, headers: { 'ratelimit-policy': '"sign-in-network";q=20;w=900' } })
    expect((await logIn(newEmail(), 'wrong', '2001:db8:0:2::1')).status).toBe(401)
  })

  test('all at once is paid for afterwards', async () => {
    const from = newAddress()
    await Promise.all(Array.from({ length: 60 }, () => logIn(newEmail(), 'wrong', from)))
    advance(900_000)
    // Sixty of twenty were taken: two windows are still owed, less what one guess needs.
    expect((await logIn(newEmail(), 'wrong', from)).status).toBe(429)
    advance(2 * 900_000)
    expect((await logIn(newEmail(), 'wrong', from)).status).toBe(401)
  })

  test('is not loosened by a forwarding header of the client', async () => {
    const from = newAddress()
    const attempt = (index: number) =>
      auth.server.inject({
        method: 'POST',
        url: '/v1/auth/login',
        payload: { email: newEmail(), password: 'wrong' },
        headers: { 'x-forwarded-for': `203.0.113.${index}`, forwarded: `for=203.0.113.${index}` },
        remoteAddress: from,
      })
    for (let index = 0; index < 20; index++) expect((await attempt(index)).statusCode).toBe(401)
    expect((await attempt(21)).statusCode).toBe(429)
  })
})

describe('registering', () => {
  const register = (email: string, from: string) =>
    auth.post('/v1/auth/register', { email, password, name: 'Eve' }, { from })

  test('tells one network of a few taken addresses and then nothing, for new addresses alike', async () => {
    const { email } = await newCustomer(newAddress())
    const from = newAddress()
    for (let times = 0; times < 3; times++) expect((await register(email, from)).status).toBe(409)
    const taken = await register(email, from)
    const free = await register(newEmail(), from)
    expect(taken).toMatchObject({ status: 429, headers: { 'ratelimit-policy': '"taken-addresses";q=3;w=3600' } })
    expect(free).toMatchObject({ status: 429, body: Object(taken.body) })
    advance(3_600_000)
    expect((await register(newEmail(), from)).status).toBe(201)
  })

  test('of many new customers behind one address goes through', async () => {
    const from = newAddress()
    for (let times = 0; times < 10; times++) expect((await register(newEmail(), from)).status).toBe(201)
  })
})

describe('the store of limits', () => {
  const policy = { name: 'test', limit: 4, windowMs: 60_000 }

  test('is shared by replicas and lets exactly so many through', async () => {
    const replicas = Array.from({ length: 3 }, () => createThrottles(auth.db, () => auth.clock.now))
    const waits = await Promise.all(
      Array.from({ length: 10 }).flatMap(() => replicas.map((replica) => replica.take(policy, 'shared'))),
    )
    expect(waits.filter((waitMs) => waitMs === 0)).toHaveLength(4)
  })

  test('is not locked by a clock that was wrong', async () => {
    const tomorrow = new Date(auth.clock.now.getTime() + 24 * 3_600_000)
    const wrong = createThrottles(auth.db, () => tomorrow)
    const right = createThrottles(auth.db, () => auth.clock.now)
    for (let times = 0; times < 5; times++) await wrong.charge(policy, 'clock')
    expect(await right.waitFor(policy, 'clock')).toBe(0)
    expect(await right.take(policy, 'clock')).toBe(0)
  })

  test('gives back to whoever takes next here at once, and to other replicas within a moment', async () => {
    const [here, there] = [0, 1].map(() => createThrottles(auth.db, () => auth.clock.now))
    if (here === undefined || there === undefined) throw new Error('there are two')
    for (let times = 0; times < 4; times++) expect(await here.take(policy, 'given-back')).toBe(0)
    here.giveBack(policy, 'given-back')
    expect(await here.take(policy, 'given-back')).toBe(0)
    expect(await here.take(policy, 'given-back')).toBeGreaterThan(0)
    here.giveBack(policy, 'given-back')
    await eventually(async () => (await there.waitFor(policy, 'given-back')) === 0)
  })

  test('forgets what is over', async () => {
    const throttles = createThrottles(auth.db, () => auth.clock.now)
    await throttles.take(policy, 'forgotten')
    const indexes = await auth.db.collection('throttles').indexes()
    expect(indexes).toContainEqual(expect.objectContaining({ key: { expiresAt: 1 }, expireAfterSeconds: 0 }))
    const found = await auth.db.collection<{ _id: string }>('throttles').findOne({ _id: 'test/forgotten' })
    expect(found).toMatchObject({ expiresAt: new Date(auth.clock.now.getTime() + 15_000) })
  })
})

test('a stolen token guesses the password from the same budget as a sign-in', async () => {
  const email = newEmail()
  const from = newAddress()
  const { body } = await auth.post('/v1/auth/register', { email, password, name: 'Ada' }, { from })
  const { accessToken: token }: { accessToken: string } = JSON.parse(JSON.stringify(body))
  const elsewhere = newAddress()
  const stepUp = (secret: string) => auth.post('/v1/auth/step-up', { password: secret }, { from: elsewhere, token })
  const change = (currentPassword: string) =>
    auth.post('/v1/auth/password/change', { currentPassword, password }, { from: elsewhere, token })
  for (let guesses = 0; guesses < 4; guesses++) expect((await stepUp('wrong')).status).toBeLessThan(429)
  expect((await change('wrong')).status).toBeLessThan(429)
  expect(await stepUp(password)).toMatchObject({ status: 429, body: { code: 'AUTH_TOO_MANY_ATTEMPTS' } })
  expect(await change(password)).toMatchObject({ status: 429, body: { code: 'AUTH_TOO_MANY_ATTEMPTS' } })
  expect((await logIn(email, password, elsewhere)).status).toBe(429)
})
