import { createHash, createHmac, randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { Authenticator } from '@tradewind/service-testkit/authenticator'
import {
  type OutsideProvider,
  client as outsideClient,
  startOutsideProvider,
} from '@tradewind/service-testkit/outside-provider'
import { eventually } from '@tradewind/testkit/eventually'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop } from './shop-client.ts'

/** What arrived, with the line breaks of quoted-printable taken out. */
const mails: string[] = []
const mailServer = new SMTPServer({
  disabledCommands: ['AUTH', 'STARTTLS'],
  onData: (stream, _session, callback) => {
    const parts: Buffer[] = []
    stream.on('data', (part: Buffer) => parts.push(part))
    stream.on('end', () => {
      mails.push(
        Buffer.concat(parts)
          .toString()
          .replaceAll(/=\r?\n/g, '')
          .replaceAll('=3D', '='),
      )
      callback()
    })
  },
})

let system: RunningSystem
let provider: OutsideProvider
beforeAll(async () => {
  provider = await startOutsideProvider('https://shop.example/v1/auth/oidc/other/callback')
  const listening = mailServer.listen(0, '127.0.0.1')
  await once(mailServer.server, 'listening')
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('the mail server does not listen')
  system = await runSystem({
    AUTH_PUBLIC_URL: 'https://shop.example',
    AUTH_PASSKEY_DOMAIN: 'shop.example',
    AUTH_PASSKEY_ORIGINS: 'https://shop.example',
    AUTH_OIDC_PROVIDERS: JSON.stringify([{ ...outsideClient, name: 'other', issuer: provider.issuer }]),
    SMTP_URL: `smtp://127.0.0.1:${address.port}`,
    AUTH_PAGES_URL: 'https://shop.example',
  })
}, 60_000)
afterAll(async () => {
  await system.end()
  await provider.stop()
  await new Promise<void>((resolve) => mailServer.close(() => resolve()))
})

/** A browser at the gateway, as far as cookies go; it believes that the connection is secure. */
class Browser {
  readonly #jar = new Map<string, string>()

  async send(method: string, path: string, body?: unknown, headers: Readonly<Record<string, string>> = {}) {
    const response = await fetch(system.gatewayUrl + path, {
      method,
      headers: {
        cookie: [...this.#jar].map(([name, value]) => `${name}=${value}`).join('; '),
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...headers,
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    for (const line of response.headers.getSetCookie()) {
      const [, name = '', value = ''] = /^([^=]+)=([^;]*)/.exec(line) ?? []
      if (/; Max-Age=0;/.test(line)) this.#jar.delete(name)
      else this.#jar.set(name, value)
    }
    const text = await response.text()
    const answered: unknown = text === '' ? undefined : JSON.parse(text)
    return { status: response.status, body: answered }
  }

  get cookies(): string[] {
    return [...this.#jar.keys()]
  }
}

async function tokenFor(email: string, page: string): Promise<string> {
  const linkOf = (mail: string) => new RegExp(`https://shop\\.example/${page}#token=([A-Za-z0-9_.-]+)`).exec(mail)?.[1]
  const found = () => mails.filter((mail) => mail.includes(email)).flatMap((mail) => linkOf(mail) ?? [])
  await eventually(() => found().length > 0)
  return found().at(-1) ?? ''
}

const textOf = (body: unknown, field: string): string =>
  typeof body === 'object' && body !== null ? String(Reflect.get(body, field)) : ''

test('somebody verifies an address, forgets the password, and signs in from a page', async () => {
  const browser = new Browser()
  const email = `${randomUUID()}@example.org`
  const password = 'correct horse battery staple'
  const registered = await browser.send('POST', '/v1/auth/register', { email, password, name: 'Ada' })
  expect(registered.status).toBe(201)

  const verification = await tokenFor(email, 'verify-email')
  expect((await browser.send('POST', '/v1/auth/verify-email', { token: verification })).status).toBe(204)

  expect((await browser.send('POST', '/v1/auth/password/forgot', { email })).status).toBe(202)
  const reset = await tokenFor(email, 'reset-password')
  const changed = 'another horse, another battery'
  expect((await browser.send('POST', '/v1/auth/password/reset', { token: reset, password: changed })).status).toBe(204)
  // What was signed in before is not any more, at any service.
  const authorization = `Bearer ${textOf(registered.body, 'accessToken')}`
  await eventually(async () => (await browser.send('GET', '/v1/orders', undefined, { authorization })).status === 401)
  await eventually(() => mails.some((mail) => mail.includes(email) && mail.includes('Your password was changed')))

  const signedIn = await browser.send('POST', '/v1/auth/login?cookies=true', { email, password: changed })
  expect(signedIn).toMatchObject({ status: 200, body: { tokenType: 'Cookie' } })
  expect(JSON.stringify(signedIn.body)).not.toContain('eyJ')
  expect(await browser.send('GET', '/v1/auth/me')).toMatchObject({ status: 200, body: { email, emailVerified: true } })
  expect((await browser.send('GET', '/v1/orders')).status).toBe(200)

  const csrf = { 'x-csrf-token': textOf(signedIn.body, 'csrfToken') }
  const rename = (headers?: Readonly<Record<string, string>>) =>
    browser.send('PATCH', '/v1/auth/me', { name: 'Ada Lovelace' }, headers)
  expect(await rename()).toMatchObject({ status: 403, body: { code: 'CSRF_REFUSED' } })
  expect((await rename(csrf)).status).toBe(200)

  expect((await browser.send('POST', '/v1/auth/refresh?cookies=true', {})).status).toBe(403)
  const refreshed = await browser.send('POST', '/v1/auth/refresh?cookies=true', {}, csrf)
  expect(refreshed.status).toBe(200)
  expect((await rename(csrf)).status).toBe(403)
  const fresh = { 'x-csrf-token': textOf(refreshed.body, 'csrfToken') }
  expect((await rename(fresh)).status).toBe(200)

  expect((await browser.send('POST', '/v1/auth/logout?cookies=true', {}, fresh)).status).toBe(204)
  // It is still known as one that signed in, which opens nothing.
  expect(browser.cookies).toEqual(['__Host-tradewind-device'])
  expect((await browser.send('GET', '/v1/auth/me')).status).toBe(401)
})

const alphabet = 'ABCDEFGHIJKLMNOPQRSTUVWXYZ234567'

/** What a code generator shows now, or so many steps later (RFC 6238, six digits of thirty seconds). */
function codeOf(secret: string, steps = 0): string {
  const bits = Array.from(secret, (letter) => alphabet.indexOf(letter).toString(2).padStart(5, '0')).join('')
  const bytes = (bits.match(/.{8}/g) ?? []).map((byte) => Number.parseInt(byte, 2))
  const step = Buffer.alloc(8)
  step.writeBigUInt64BE(BigInt(Math.floor(Date.now() / 30_000) + steps))
  const digest = createHmac('sha1', Buffer.from(bytes)).update(step).digest()
  const offset = (digest.at(-1) ?? 0) & 0xf
  return String((digest.readUInt32BE(offset) & 0x7fffffff) % 1_000_000).padStart(6, '0')
}

test('somebody adds a second factor, signs in with it, and shows it once more', async () => {
  const shop = createShop(system.gatewayUrl)
  const { email, token } = await shop.newCustomer()
  const password = 'correct horse battery'
  const enrolled = await shop.post('/v1/auth/mfa/totp/enroll', undefined, { token })
  const secret = textOf(enrolled.body, 'secret')
  const activated = await shop.post('/v1/auth/mfa/totp/verify', { code: codeOf(secret) }, { token })
  expect(activated).toMatchObject({ status: 200, body: { recoveryCodes: expect.any(Array) } })

  const asked = await shop.post('/v1/auth/login', { email, password })
  expect(asked).toMatchObject({ status: 200, body: { mfaRequired: true } })
  const mfaToken = textOf(asked.body, 'mfaToken')
  expect((await shop.post('/v1/auth/mfa/challenge', { mfaToken, code: 'AAAA-AAAA-AAAA-AAAA' })).status).toBe(400)
  // The code that activated it is used up; the next one is taken already.
  const signedIn = await shop.post('/v1/auth/mfa/challenge', { mfaToken, code: codeOf(secret, 1) })
  expect(signedIn).toMatchObject({ status: 200, body: { deviceToken: expect.any(String) } })

  const [recovery] = JSON.parse(JSON.stringify(activated.body)).recoveryCodes
  const fresh = textOf(signedIn.body, 'accessToken')
  const stepped = await shop.post('/v1/auth/step-up', { code: recovery }, { token: fresh })
  expect(stepped.status).toBe(200)
  const removed = await shop.call('/v1/auth/mfa/totp', { method: 'DELETE', token: textOf(stepped.body, 'accessToken') })
  expect(removed.status).toBe(204)
  expect(await shop.post('/v1/auth/login', { email, password })).toMatchObject({ body: { tokenType: 'Bearer' } })
})

test('somebody adds a passkey and signs in with it alone', async () => {
  const shop = createShop(system.gatewayUrl)
  const { userId, token } = await shop.newCustomer()
  const device = new Authenticator()
  interface Begun {
    ceremonyId: string
    options: { challenge: string }
  }
  const begin = async (what: string, as: { token?: string } = {}): Promise<Begun> =>
    JSON.parse(JSON.stringify((await shop.post(`/v1/auth/passkeys/${what}/options`, undefined, as)).body))
  const adding = await begin('register', { token })
  const credential = device.register({ challenge: adding.options.challenge }, userId)
  const added = { ceremonyId: adding.ceremonyId, name: 'Phone', credential }
  expect((await shop.post('/v1/auth/passkeys/register/verify', added, { token })).status).toBe(201)

  const { ceremonyId, options } = await begin('authenticate')
  const shown = { ceremonyId, credential: device.assert({ challenge: options.challenge }) }
  const signedIn = await shop.post('/v1/auth/passkeys/authenticate/verify', shown)
  expect(signedIn.status).toBe(200)
  expect((await shop.post('/v1/auth/passkeys/authenticate/verify', shown)).status).toBe(401)
  const me = await shop.call('/v1/auth/me', { token: textOf(signedIn.body, 'accessToken') })
  expect(me).toMatchObject({ body: { id: userId } })
})

test('somebody whom another provider knows signs in there and arrives here', async () => {
  const subject = randomUUID()
  const email = `${subject}@example.org`
  provider.people.set(subject, { email, email_verified: true, name: 'Grace' })
  const ask = (path: string, cookie = '') =>
    fetch(system.gatewayUrl + path, { redirect: 'manual', headers: { cookie } })
  const departure = await ask('/v1/auth/oidc/other/start')
  expect(departure.status).toBe(302)
  const [cookie = ''] = departure.headers.getSetCookie()
  const back = await provider.visit(departure.headers.get('location') ?? '', subject)
  const arrival = await ask(`/v1/auth/oidc/other/callback${back.search}`, cookie.split(';', 1)[0])
  expect(arrival.status).toBe(200)
  const tokens: unknown = await arrival.json()
  const shop = createShop(system.gatewayUrl)
  const me = await shop.call('/v1/auth/me', { token: textOf(tokens, 'accessToken') })
  expect(me).toMatchObject({ status: 200, body: { email, emailVerified: true } })
})

test('somebody changes address and password, ends a session, and closes the account', async () => {
  const shop = createShop(system.gatewayUrl)
  const { email, token } = await shop.newCustomer()
  const [password, changed] = ['correct horse battery', 'another horse, another battery']
  const other = await shop.post('/v1/auth/login', { email, password })
  const { items } = JSON.parse(JSON.stringify((await shop.call('/v1/auth/sessions', { token })).body))
  const elsewhere = items.find(({ isCurrent }: { isCurrent: boolean }) => !isCurrent)
  expect((await shop.call(`/v1/auth/sessions/${elsewhere.id}`, { method: 'DELETE', token })).status).toBe(204)
  const refreshToken = textOf(other.body, 'refreshToken')
  expect((await shop.post('/v1/auth/refresh', { refreshToken })).status).toBe(401)

  expect(
    (await shop.post('/v1/auth/password/change', { currentPassword: password, password: changed }, { token })).status,
  ).toBe(204)
  const address = `${randomUUID()}@example.org`
  // One link of a kind is on its way at a time.
  const first = await tokenFor(email, 'verify-email')
  expect((await shop.post('/v1/auth/verify-email', { token: first })).status).toBe(204)
  expect((await shop.post('/v1/auth/email', { email: address }, { token })).status).toBe(202)
  const verification = await tokenFor(address, 'verify-email')
  expect((await shop.post('/v1/auth/verify-email', { token: verification })).status).toBe(204)
  expect(await shop.call('/v1/auth/me', { token })).toMatchObject({ body: { email: address, emailVerified: true } })

  expect((await shop.post('/v1/auth/deactivate', { password: changed }, { token })).status).toBe(204)
  expect((await shop.post('/v1/auth/login', { email: address, password: changed })).status).toBe(401)
})

test('somebody lets an app in, which acts within its scope until it is revoked', async () => {
  const shop = createShop(system.gatewayUrl)
  const admin = await shop.signInOperator()
  const redirectUri = 'https://app.example/back'
  const wanted = { kind: 'app', name: 'an app', scopes: ['own:use'], redirectUris: [redirectUri] }
  const clientId = textOf((await shop.post('/v1/auth/clients', wanted, { token: admin })).body, 'id')
  const machine = { kind: 'machine', name: 'a server', scopes: ['stock:read'] }
  const server: { id: string; secret: string } = JSON.parse(
    JSON.stringify((await shop.post('/v1/auth/clients', machine, { token: admin })).body),
  )
  const form = (path: string, fields: Record<string, string>) =>
    shop.call(path, {
      method: 'POST',
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
      body: new URLSearchParams(fields).toString(),
    })

  const { token } = await shop.newCustomer()
  const verifier = randomUUID().repeat(2)
  const authorized = await shop.post(
    '/oauth/authorize',
    {
      response_type: 'code',
      client_id: clientId,
      redirect_uri: redirectUri,
      code_challenge: createHash('sha256').update(verifier).digest('base64url'),
      code_challenge_method: 'S256',
    },
    { token },
  )
  const back = new URL(textOf(authorized.body, 'redirectTo'))
  expect(back.searchParams.get('iss')).toBeTruthy()
  const redeem = { grant_type: 'authorization_code', client_id: clientId, redirect_uri: redirectUri }
  const code = back.searchParams.get('code') ?? ''
  const given = await form('/oauth/token', { ...redeem, code, code_verifier: verifier })
  expect(given.status).toBe(200)
  const access = textOf(given.body, 'access_token')
  expect((await shop.call('/v1/orders', { token: access })).status).toBe(200)
  expect((await shop.call('/v1/auth/sessions', { token: access })).status).toBe(403)

  const introspect = () =>
    form('/oauth/introspect', { client_id: server.id, client_secret: server.secret, token: access })
  expect(await introspect()).toMatchObject({ status: 200, body: { active: true, client_id: clientId } })
  const refreshToken = textOf(given.body, 'refresh_token')
  expect((await form('/oauth/revoke', { client_id: clientId, token: refreshToken })).status).toBe(200)
  expect(await introspect()).toMatchObject({ status: 200, body: { active: false } })
  await eventually(async () => (await shop.call('/v1/orders', { token: access })).status === 401)

  const metadata = await shop.call('/.well-known/openid-configuration')
  expect(new URL(textOf(metadata.body, 'token_endpoint')).pathname).toBe('/oauth/token')
})
