import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type Answer, type AuthFixture, startAuth } from './auth-fixture.ts'
import { bodyOf, password, signUp } from './signed-in.ts'

let auth: AuthFixture
beforeAll(async () => {
  auth = await startAuth()
})
afterAll(() => auth.stop())

/** The cookies that an answer sets, by name. */
function cookiesOf(answer: Answer): Map<string, string> {
  const lines = bodyOf<{ 'set-cookie'?: string | string[] }>({ body: answer.headers })['set-cookie'] ?? []
  return new Map([lines].flat().map((line) => [line.split('=', 1)[0] ?? '', line]))
}
const valueOf = (line = '') => /=([^;]*)/.exec(line)?.[1] ?? ''

async function logIn() {
  const { email } = await signUp(auth)
  const answer = await auth.post('/v1/auth/login?cookies=true', { email, password })
  expect(answer.status).toBe(200)
  return { answer, cookies: cookiesOf(answer) }
}

const refreshWith = (cookie: string, body: unknown = {}) =>
  auth.call('/v1/auth/refresh?cookies=true', { method: 'POST', body, headers: { cookie } })

describe('signing in with cookies', () => {
  test('shows no token to the page, and sets cookies that no other host can plant', async () => {
    const { answer, cookies } = await logIn()
    const body = bodyOf<Record<string, unknown>>(answer)
    expect(body).toEqual({ tokenType: 'Cookie', expiresIn: 600, csrfToken: expect.stringMatching(/^[\w-]{43}$/) })
    const [access = '', refresh = '', csrf = ''] = [...cookies.values()]
    expect([...cookies.keys()]).toEqual([
      '__Host-tradewind-access',
      '__Host-tradewind-refresh',
      '__Host-tradewind-csrf',
      '__Host-tradewind-device',
    ])
    expect(access).toMatch(/; Path=\/; Max-Age=600; Secure; HttpOnly; SameSite=Lax$/)
    expect(refresh).toMatch(/; Path=\/; Max-Age=604800; Secure; HttpOnly; SameSite=Strict$/)
    expect(csrf).toMatch(/; Path=\/; Max-Age=604800; Secure; SameSite=Strict$/)
    expect(valueOf(csrf)).toBe(body['csrfToken'])
    expect((await auth.call('/v1/auth/me', { token: valueOf(access) })).status).toBe(200)
  })

  test('goes on over the refresh cookie alone', async () => {
    const { cookies } = await logIn()
    const name = '__Host-tradewind-refresh'
    const cookie = `${name}=${valueOf(cookies.get(name))}`
    const answer = await refreshWith(cookie)
    expect(answer).toMatchObject({ status: 200, body: { tokenType: 'Cookie' } })
    expect(valueOf(cookiesOf(answer).get(name))).not.toBe(valueOf(cookies.get(name)))
    for (const bad of ['', 'other=1', `${cookie}; ${cookie}`])
      expect(await refreshWith(bad)).toMatchObject({ status: 401, body: { code: 'AUTH_INVALID_REFRESH_TOKEN' } })
    // A cookie is not looked at unless it was asked for.
    expect(await auth.call('/v1/auth/refresh', { method: 'POST', body: {}, headers: { cookie } })).toMatchObject({
      status: 400,
      body: { errors: [{ pointer: '/refreshToken' }] },
    })
  })

  test('makes the browser known, which strangers who guess then cannot lock out', async () => {
    const besieged = await startAuth({}, { perAccount: 3 })
    const email = 'ada@example.org'
    await besieged.post('/v1/auth/register', { email, password, name: 'Ada' }, { from: '198.51.100.1' })
    const signIn = (from: string, secret: string, cookie = '') =>
      besieged.call('/v1/auth/login?cookies=true', {
        method: 'POST',
        body: { email, password: secret },
        headers: { cookie },
        from,
      })
    const line = cookiesOf(await signIn('198.51.100.1', password)).get('__Host-tradewind-device')
    expect(line).toMatch(/; Path=\/; Max-Age=15552000; Secure; HttpOnly; SameSite=Strict$/)
    for (let guess = 0; guess < 4; guess += 1) await signIn(`203.0.113.${guess}`, 'wrong')
    expect((await signIn('203.0.113.9', password)).status).toBe(429)
    const known = `__Host-tradewind-device=${valueOf(line)}`
    expect((await signIn('203.0.113.9', password, known)).status).toBe(200)
    await besieged.stop()
  })

  test('ends with the cookies', async () => {
    const { cookies } = await logIn()
    const name = '__Host-tradewind-refresh'
    const cookie = `${name}=${valueOf(cookies.get(name))}`
    const headers = { cookie }
    const answer = await auth.call('/v1/auth/logout?cookies=true', { method: 'POST', body: {}, headers })
    expect(answer.status).toBe(204)
    const cleared = [...cookiesOf(answer).values()]
    expect(cleared).toHaveLength(3)
    for (const line of cleared) expect(line).toMatch(/^__Host-tradewind-\w+=; Path=\/; Max-Age=0; Secure/)
    expect((await refreshWith(cookie)).status).toBe(401)
  })
})
