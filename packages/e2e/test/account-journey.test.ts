import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { eventually } from '@tradewind/testkit/eventually'
import { SMTPServer } from 'smtp-server'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'

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
beforeAll(async () => {
  const listening = mailServer.listen(0, '127.0.0.1')
  await once(mailServer.server, 'listening')
  const address = listening.address()
  if (address === null || typeof address === 'string') throw new Error('the mail server does not listen')
  system = await runSystem({
    SMTP_URL: `smtp://127.0.0.1:${address.port}`,
    AUTH_PAGES_URL: 'https://shop.example',
  })
}, 60_000)
afterAll(async () => {
  await system.end()
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
  expect(browser.cookies).toEqual([])
  expect((await browser.send('GET', '/v1/auth/me')).status).toBe(401)
})
