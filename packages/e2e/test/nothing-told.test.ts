import { randomUUID } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { exportOwnRoute } from '@tradewind/contracts/privacy'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operator, type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem({ LOG_LEVEL: 'trace' })
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

const person = {
  email: `ada.lovelace.${randomUUID()}@example.org`,
  password: `a passphrase ${randomUUID()}`,
  name: `Ada Lovelace ${randomUUID()}`,
}
const wrongPassword = `a wrong passphrase ${randomUUID()}`
const address = {
  name: person.name,
  line1: `Ockham Park ${randomUUID()}`,
  postalCode: 'GU23',
  city: 'Ockham',
  country: 'GB',
}
const note = `for my mother ${randomUUID()}`

interface Pair {
  accessToken: string
  refreshToken: string
  deviceToken?: string
}
const pairOf = ({ body }: { body: unknown }): Pair => JSON.parse(JSON.stringify(body))

/** Every file under a folder, as bytes. */
const filesUnder = (folder: string) =>
  readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => {
      const path = join(entry.parentPath, entry.name)
      return { path, content: readFileSync(path) }
    })

const whereIn = (folder: string, text: string) =>
  filesUnder(folder)
    .filter(({ content }) => content.includes(text))
    .map(({ path }) => path)

/** What a whole life of a customer leaves behind, with tokens in every place where they do not belong. */
async function journey() {
  const registered = await shop.post('/v1/auth/register', person)
  const { id: userId } = Object(Object(registered.body).user)
  const first = pairOf(registered)
  await shop.post('/v1/auth/register', person)
  await shop.post('/v1/auth/login', { email: person.email, password: wrongPassword })
  const credentials = { email: person.email, password: person.password }
  const second = pairOf(await shop.post('/v1/auth/login', { ...credentials, deviceToken: first.deviceToken }))
  const third = pairOf(await shop.post('/v1/auth/refresh', { refreshToken: second.refreshToken }))
  const token = third.accessToken

  const key = await shop.post('/v1/auth/api-keys', { name: 'till', scopes: ['own:use'], expiresInDays: 1 }, { token })
  const apiKey = String(Object(key.body).key)
  const { sku } = await shop.newProduct({ units: 5 })
  const order = { lines: [{ sku, quantity: 1 }], paymentMethod: 'pm_approve' }
  const placed = await shop.post(
    '/v1/orders',
    { ...order, email: person.email, shippingAddress: address, note },
    { token, headers: { 'idempotency-key': randomUUID(), prefer: 'wait=5' } },
  )
  const orderId = String(Object(placed.body).id)
  await shop.untilTold(token, orderId, 'notifications.notification.sent')
  await shop.post(`/v1/orders/${orderId}/cancel`, { reason: note }, { token })

  const misuses = [
    shop.call(`/v1/auth/me?access_token=${token}`),
    shop.call(`/v1/auth/me?password=${encodeURIComponent(person.password)}`, { token }),
    shop.call(`/v1/orders/${token}`, { token }),
    shop.call(`/v1/orders/${third.refreshToken}`, { token }),
    shop.call(`/v1/${token}`),
    shop.call('/v1/auth/me', { token: third.refreshToken }),
    shop.call('/v1/auth/me', { token: `${token}x` }),
    shop.call('/v1/auth/me', { headers: { authorization: `Basic ${apiKey}`, 'x-api-key': apiKey, cookie: token } }),
    shop.post('/v1/auth/refresh', { refreshToken: token }),
    shop.post('/v1/auth/logout', { refreshToken: apiKey }),
    shop.post('/v1/auth/login', `{"email":"${person.email}","password":"${person.password}"`),
    shop.post('/v1/auth/login', { email: person.email, password: person.password, token }),
    shop.post('/v1/auth/login', { email: person.password, password: person.email }),
    shop.post('/v1/orders', { ...order, note: { token } }, { token, headers: { 'idempotency-key': token.slice(-40) } }),
    shop.call('/v1/auth/me', {
      token,
      headers: { 'x-request-id': apiKey, traceparent: token, 'user-agent': 'a shop' },
    }),
    shop.post('/oauth/token', { grant_type: 'password', client_secret: apiKey }),
  ]
  await Promise.all(misuses)
  const asked = await shop.post('/v1/auth/privacy/export', { password: person.password }, { token })
  const { id: exportId } = shaped(exportOwnRoute.schema.response[202], asked)
  await eventually(async () => {
    const { body } = await shop.call(`/v1/auth/privacy/exports/${exportId}`, { token })
    return Object(body).status === 'ready'
  })
  await shop.post('/v1/auth/refresh', { refreshToken: second.refreshToken })
  await shop.post('/v1/auth/logout', { refreshToken: third.refreshToken })
  await shop.post('/v1/auth/privacy/erase', { password: person.password }, { token })
  return { userId: String(userId), orderId, apiKey, pairs: [first, second, third] }
}

test('no log and no event tells a password, a token, a key or who somebody is', { timeout: 90_000 }, async () => {
  const { userId, orderId, apiKey, pairs } = await journey()
  const operatorToken = await shop.signInOperator()
  const secrets: Record<string, string> = {
    'the e-mail address': person.email,
    'the password': person.password,
    'the wrong password': wrongPassword,
    'the name': person.name,
    'the street': address.line1,
    'the note': note,
    'the API key': apiKey,
    'the operator’s password': operator.password,
    'the operator’s token': operatorToken,
  }
  for (const [index, { accessToken, refreshToken, deviceToken }] of pairs.entries()) {
    secrets[`access token ${index}`] = accessToken
    secrets[`the signature of access token ${index}`] = accessToken.split('.')[2] ?? accessToken
    secrets[`refresh token ${index}`] = refreshToken
    secrets[`the secret of refresh token ${index}`] = refreshToken.split('.')[1] ?? refreshToken
    if (deviceToken !== undefined) secrets[`device token ${index}`] = deviceToken
  }
  const [logs, streams] = [join(system.dataDir, 'logs'), join(system.dataDir, 'nats')]
  // What must be found shows that the search finds.
  await eventually(() => whereIn(streams, orderId).length > 0 && whereIn(streams, userId).length > 0)
  expect(filesUnder(logs).filter(({ content }) => content.length > 0).length).toBeGreaterThan(5)
  const found = Object.entries(secrets).flatMap(([what, text]) =>
    [...whereIn(logs, text), ...whereIn(streams, text)].map((path) => `${what} is in ${path}`),
  )
  expect(found).toEqual([])
})
