import { Tokens } from '@tradewind/contracts/auth'
import type { ServiceName } from '@tradewind/contracts/route'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

/** A route of each service that asks for a token. Who is there without the right is answered 403, and not 401. */
const probes: readonly (readonly [ServiceName, string])[] = [
  ['auth', '/v1/auth/me'],
  ['inventory', '/v1/stock?sku=A'],
  ['orders', '/v1/orders'],
  ['payments', '/v1/payments'],
  ['notifications', '/v1/notifications/preferences'],
]

async function statusAt(url: string, path: string, token: string): Promise<number> {
  const response = await fetch(url + path, { headers: { authorization: `Bearer ${token}` } })
  await response.body?.cancel()
  return response.status
}

/** Every door, each with a route behind it that asks for a token. */
const doors = () => [
  ...probes.map(([name, path]) => ({ name, url: system.component(name).url, path })),
  { name: 'gateway', url: system.gatewayUrl, path: '/v1/orders' },
]

/** How long each door takes to refuse a token that it took before, in milliseconds. */
async function untilRefused(token: string, revoke: () => Promise<unknown>): Promise<Record<string, number>> {
  for (const { name, url, path } of doors())
    expect([name, (await statusAt(url, path, token)) === 401]).toEqual([name, false])
  await revoke()
  const started = performance.now()
  const times = await Promise.all(
    doors().map(async ({ name, url, path }) => {
      await eventually(async () => (await statusAt(url, path, token)) === 401, { timeoutMs: 30_000, everyMs: 2 })
      return [name, Math.round(performance.now() - started)] as const
    }),
  )
  return Object.fromEntries(times)
}

describe('access dies everywhere within moments', () => {
  test('after signing out', async () => {
    const { token, refreshToken } = await shop.newCustomer()
    const times = await untilRefused(token, () => shop.post('/v1/auth/logout', { refreshToken }))
    expect(Math.max(...Object.values(times))).toBeLessThan(30_000)
    process.stdout.write(`from the answer to logout until 401, ms: ${JSON.stringify(times)}\n`)
  })

  test('after signing out everywhere', async () => {
    const { token } = await shop.newCustomer()
    const times = await untilRefused(token, () => shop.call('/v1/auth/logout-all', { method: 'POST', token }))
    expect(Math.max(...Object.values(times))).toBeLessThan(30_000)
  })

  test('after a role was taken, and with the next token there is what is left', async () => {
    const admin = await shop.signInOperator()
    const person = await shop.newCustomer()
    const put = (roles: string[]) =>
      shop.call(`/v1/auth/users/${person.userId}/roles`, { method: 'PUT', token: admin, body: { roles } })
    const signIn = async () =>
      shaped(Tokens, await shop.post('/v1/auth/login', { email: person.email, password: 'correct horse battery' }))
        .accessToken
    await put(['customer', 'support'])
    const asSupport = await signIn()
    const statusOf = async (path: string, token: string) => (await shop.call(path, { token })).status
    expect(await statusOf('/v1/payments', asSupport)).toBe(200)
    expect(await statusOf('/v1/notifications', asSupport)).toBe(200)
    for (const path of ['/v1/stock?sku=A', '/v1/catalogue/products', '/v1/jobs', '/v1/auth/users'])
      expect([path, await statusOf(path, asSupport)]).toEqual([path, 403])
    await untilRefused(asSupport, () => put(['customer']))
    expect(await statusOf('/v1/payments', await signIn())).toBe(403)
  })

  test('also for a service that starts afterwards', async () => {
    const { token, refreshToken } = await shop.newCustomer()
    await untilRefused(token, () => shop.post('/v1/auth/logout', { refreshToken }))
    const payments = system.component('payments')
    await payments.stop()
    await payments.restart()
    await payments.waitReady()
    expect(await statusAt(system.component('payments').url, '/v1/payments', token)).toBe(401)
  })
})

test('an API key works through the gateway, within its scopes, until it is deleted', async () => {
  const { token } = await shop.newCustomer()
  const made = await shop.post(
    '/v1/auth/api-keys',
    { name: 'a shop', scopes: ['own:use'], expiresInDays: 1 },
    { token },
  )
  const { id, key }: { id: string; key: string } = JSON.parse(JSON.stringify(made.body))
  const statusOf = async (path: string) => (await shop.call(path, { token: key })).status
  expect(await statusOf('/v1/orders')).toBe(200)
  expect(await statusOf('/v1/auth/sessions')).toBe(403)
  expect(await statusAt(system.component('orders').url, '/v1/orders', key)).toBe(401)
  await shop.call(`/v1/auth/api-keys/${id}`, { method: 'DELETE', token })
  const started = performance.now()
  await eventually(async () => (await statusOf('/v1/orders')) === 401, { timeoutMs: 30_000, everyMs: 2 })
  process.stdout.write(`from the deletion of an API key until 401, ms: ${Math.round(performance.now() - started)}\n`)
})

test('a machine signs in through the gateway and gets what its scope names', async () => {
  const admin = await shop.signInOperator()
  const wanted = { kind: 'machine', name: 'a warehouse', scopes: ['stock:read'] }
  const made = await shop.post('/v1/auth/clients', wanted, { token: admin })
  const { id, secret }: { id: string; secret: string } = JSON.parse(JSON.stringify(made.body))
  const answer = await shop.call('/oauth/token', {
    method: 'POST',
    headers: {
      'content-type': 'application/x-www-form-urlencoded',
      authorization: `Basic ${Buffer.from(`${id}:${secret}`).toString('base64')}`,
    },
    body: 'grant_type=client_credentials',
  })
  const { access_token: token }: { access_token: string } = JSON.parse(JSON.stringify(answer.body))
  expect((await shop.call('/v1/stock?sku=A', { token })).status).toBe(200)
  expect((await shop.call('/v1/orders', { token })).status).toBe(403)
  expect((await shop.call('/v1/payments', { token })).status).toBe(403)
})
