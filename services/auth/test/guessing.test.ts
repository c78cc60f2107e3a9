import { allRoutes } from '@tradewind/contracts/routes'
import { newId } from '@tradewind/service-kit/ids'
import { Secret, TOTP } from 'otpauth'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type AuthFixture, type AuthReplica, type Call, startAuth } from './auth-fixture.ts'
import { bodyOf, type Person, password, signInAdmin } from './signed-in.ts'

const limits = { perAccount: 3, perNetwork: 6 }
const mailsPerAddress = 4
const mailsPerNetwork = 60

let auth: AuthFixture
let replicas: readonly AuthReplica[]
beforeAll(async () => {
  auth = await startAuth({}, limits)
  replicas = [auth, await auth.startReplica()]
})
afterAll(() => auth.stop())

let networks = 0
/** An address that no other test uses. */
const newAddress = () => `198.18.${Math.floor(++networks / 250)}.${(networks % 250) + 1}`
let turns = 0
/** Asks one replica after the other. */
const ask = (path: string, call: Call): Promise<Answer> => {
  turns += 1
  return (replicas[turns % replicas.length] ?? auth).call(path, call)
}
const post = (path: string, body: unknown, from: string, token?: string) =>
  ask(path, { method: 'POST', body, from, ...(token !== undefined && { token }) })

interface Owner extends Person {
  readonly home: string
}
async function newOwner(): Promise<Owner> {
  const [email, home] = [`${newId('mail')}@example.org`, newAddress()]
  const answer = await post('/v1/auth/register', { email, password, name: 'Ada' }, home)
  expect(answer.status).toBe(201)
  const { user, ...tokens } = bodyOf<{ user: { id: string }; accessToken: string; refreshToken: string }>(answer)
  return { id: user.id, email, home, ...tokens }
}
async function newOwnerWithCodes() {
  const owner = await newOwner()
  const { accessToken: token, home: from } = owner
  const enrolled = await ask('/v1/auth/mfa/totp/enroll', { method: 'POST', token, from })
  const { secret } = bodyOf<{ secret: string }>(enrolled)
  const code = TOTP.generate({ secret: Secret.fromBase32(secret), timestamp: auth.clock.now.getTime() })
  const verified = await post('/v1/auth/mfa/totp/verify', { code }, from, token)
  return { ...owner, codes: bodyOf<{ recoveryCodes: string[] }>(verified).recoveryCodes }
}
async function mfaTokenOf({ email, home }: Owner): Promise<string> {
  const answer = await post('/v1/auth/login', { email, password }, home)
  return bodyOf<{ mfaToken: string }>(answer).mfaToken
}

/** How one secret is guessed from an address, and how its owner shows the right one at home. */
interface Target {
  readonly guess: (from: string) => Promise<Answer>
  readonly right: () => Promise<Answer>
}
const wrongCode = 'AAAA-AAAA-AAAA-AAAA'

/** What a person might think of, or could be tried out: held up for the account and for the network. */
const guessable: Readonly<Record<string, () => Promise<Target>>> = {
  'POST /v1/auth/login': async () => {
    const { email, home } = await newOwner()
    return {
      guess: (from) => post('/v1/auth/login', { email, password: 'wrong' }, from),
      right: () => post('/v1/auth/login', { email, password }, home),
    }
  },
  'POST /v1/auth/mfa/challenge': async () => {
    const owner = await newOwnerWithCodes()
    return {
      guess: async (from) =>
        post('/v1/auth/mfa/challenge', { mfaToken: await mfaTokenOf(owner), code: wrongCode }, from),
      right: async () =>
        post('/v1/auth/mfa/challenge', { mfaToken: await mfaTokenOf(owner), code: owner.codes[0] }, owner.home),
    }
  },
  'POST /v1/auth/step-up': async () => {
    const { accessToken, home } = await newOwner()
    return {
      guess: (from) => post('/v1/auth/step-up', { password: 'wrong' }, from, accessToken),
      right: () => post('/v1/auth/step-up', { password }, home, accessToken),
    }
  },
  'POST /v1/auth/step-up (code)': async () => {
    const { accessToken, home, codes } = await newOwnerWithCodes()
    return {
      guess: (from) => post('/v1/auth/step-up', { code: wrongCode }, from, accessToken),
      right: () => post('/v1/auth/step-up', { code: codes[0] }, home, accessToken),
    }
  },
  'POST /v1/auth/password/change': async () => {
    const { accessToken, home } = await newOwner()
    const change = (currentPassword: string, from: string) =>
      post('/v1/auth/password/change', { currentPassword, password: `another ${password}` }, from, accessToken)
    return { guess: (from) => change('wrong', from), right: () => change(password, home) }
  },
  ...Object.fromEntries(
    ['/v1/auth/deactivate', '/v1/auth/privacy/export', '/v1/auth/privacy/erase'].map((path) => [
      `POST ${path}`,
      async () => {
        const { accessToken, home } = await newOwner()
        return {
          guess: (from: string) => post(path, { password: 'wrong' }, from, accessToken),
          // Another service that is asked before an erasure is not there: what counts is that the password was taken.
          right: () => post(path, { password }, home, accessToken),
        }
      },
    ]),
  ),
}

/** Too long to be guessed: held up for the network alone, so that nobody's own is ever refused because of strangers. */
const long: Readonly<Record<string, () => Promise<Target>>> = {
  'POST /v1/auth/verify-email': async () => {
    const { id } = await newOwner()
    return {
      guess: (from) => post('/v1/auth/verify-email', { token: `${id}.wrong` }, from),
      right: () => post('/v1/auth/verify-email', { token: 'wrong' }, newAddress()),
    }
  },
  'POST /v1/auth/password/reset': async () => ({
    guess: (from) => post('/v1/auth/password/reset', { token: 'wrong', password: `another ${password}` }, from),
    right: () => post('/v1/auth/password/reset', { token: 'wrong', password: `another ${password}` }, newAddress()),
  }),
  ...Object.fromEntries(
    ['/oauth/token', '/oauth/revoke', '/oauth/introspect'].map((path) => [
      `POST ${path}`,
      async () => {
        const { accessToken: token } = await signInAdmin(auth)
        const wanted = { kind: 'machine', scopes: ['stock:read'], name: 'a program' }
        const made = await auth.call('/v1/auth/clients', { method: 'POST', token, body: wanted })
        const { id, secret } = bodyOf<{ id: string; secret: string }>(made)
        const rest = path === '/oauth/token' ? { grant_type: 'client_credentials' } : { token: 'any' }
        const show = (shown: string, from: string) =>
          ask(path, { method: 'POST', form: { ...rest, client_id: id, client_secret: shown }, from })
        return { guess: (from: string) => show('wrong', from), right: () => show(secret, newAddress()) }
      },
    ]),
  ),
}

/** Where something secret is shown that is not counted, and why. */
const notCounted: ReadonlyMap<string, string> = new Map([
  ['POST /v1/auth/register', 'sets a password'],
  ['POST /v1/auth/refresh', '256 random bits; clients show old ones by mistake, all of one house from one network'],
  ['POST /v1/auth/logout', '256 random bits, and nothing is told'],
  ['POST /v1/auth/mfa/totp/verify', 'whoever asks has just been shown the secret; it rests after five wrong codes'],
  ['POST /v1/auth/passkeys/register/verify', 'a signature over a challenge that is good once'],
  ['POST /v1/auth/passkeys/authenticate/verify', 'a signature over a challenge that is good once'],
])

const secretFields = ['password', 'currentPassword', 'code', 'token', 'refreshToken', 'credential', 'client_secret']
const routes = allRoutes.filter(
  ({ service, schema }) => service === 'auth' && secretFields.some((name) => name in (schema.body?.properties ?? {})),
)

test('every route that takes a secret is tried here', () => {
  const tried = new Set([...Object.keys(guessable), ...Object.keys(long), ...notCounted.keys()])
  expect(routes.map(({ method, path }) => `${method} ${path}`).filter((route) => !tried.has(route))).toEqual([])
})

/** How many guesses are let through before one is refused. */
async function guessesUntilRefused(guess: () => Promise<Answer>): Promise<number> {
  for (let count = 0; count <= 2 * mailsPerNetwork; count += 1) {
    if ((await guess()).status === 429) return count
  }
  throw new Error('nobody was refused')
}

describe('a secret that could be guessed', () => {
  test.each(Object.entries(guessable))(
    'by %s is held up from all addresses together, on all replicas',
    async (_, aim) => {
      const { guess, right } = await aim()
      expect(await guessesUntilRefused(() => guess(newAddress()))).toBe(limits.perAccount)
      expect((await guess(newAddress())).status).toBe(429)
      expect([200, 202, 204, 503]).toContain((await right()).status)
    },
  )
})

describe('whoever shows wrong secrets from one address', () => {
  test.each(Object.entries(long))('by %s is held up, and nobody elsewhere', async (_, aim) => {
    const { guess, right } = await aim()
    const from = newAddress()
    expect(await guessesUntilRefused(() => guess(from))).toBe(limits.perNetwork)
    expect((await right()).status).not.toBe(429)
  })

  test('of many accounts is held up', async () => {
    const from = newAddress()
    const guess = () => post('/v1/auth/login', { email: `${newId('mail')}@example.org`, password: 'wrong' }, from)
    expect(await guessesUntilRefused(guess)).toBe(limits.perNetwork)
  })
})

describe('mails with a way to a new password', () => {
  const forgot = (email: string, from: string) => post('/v1/auth/password/forgot', { email }, from)

  test('are held up for one address, whether it has an account or not, and still go to the owner at home', async () => {
    const { email, home } = await newOwner()
    expect(await guessesUntilRefused(() => forgot(email, newAddress()))).toBe(mailsPerAddress)
    const nobody = `${newId('mail')}@example.org`
    expect(await guessesUntilRefused(() => forgot(nobody, newAddress()))).toBe(mailsPerAddress)
    const [known, unknown] = [await forgot(email, newAddress()), await forgot(nobody, newAddress())]
    expect(known.body).toEqual(unknown.body)
    expect((await forgot(email, home)).status).toBe(202)
  })

  test('are held up from one network', async () => {
    const from = newAddress()
    expect(await guessesUntilRefused(() => forgot(`${newId('mail')}@example.org`, from))).toBe(mailsPerNetwork)
  })
})
