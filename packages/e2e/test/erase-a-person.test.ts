import { randomUUID } from 'node:crypto'
import { eraseOwnRoute, exportOwnRoute, getErasureRoute, getExportRoute } from '@tradewind/contracts/privacy'
import { eventually } from '@tradewind/testkit/eventually'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

const password = 'correct horse battery'

/** Every document of every database, as text. */
async function everythingKept(): Promise<string> {
  const client = await MongoClient.connect(system.mongodbUrl)
  try {
    const { databases } = await client.db('admin').admin().listDatabases()
    const texts: string[] = []
    for (const { name } of databases.filter((one) => one.name.startsWith(system.databaseOf(''))))
      for (const collection of await client.db(name).collections())
        texts.push(JSON.stringify(await collection.find().toArray()))
    return texts.join('\n')
  } finally {
    await client.close()
  }
}

test('somebody fetches what is known of him, and is then forgotten by everybody', { timeout: 120_000 }, async () => {
  const { token, email, userId } = await shop.newCustomer()
  const { sku } = await shop.newProduct({ units: 5 })
  const street = `Ockham Park ${randomUUID()}`
  const shippingAddress = { name: 'Ada Lovelace', line1: street, postalCode: 'GU23', city: 'Ockham', country: 'GB' }
  const order = { lines: [{ sku, quantity: 1 }], paymentMethod: 'pm_decline', email, shippingAddress }
  const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=10' }
  const placed = await shop.post('/v1/orders', order, { token, headers })
  const orderId = String(Object(placed.body).id)
  await eventually(async () => (await shop.readMails(orderId)).some(({ status }) => status === 'sent'))

  const asked = await shop.post('/v1/auth/privacy/export', { password }, { token })
  const { id: exportId } = shaped(exportOwnRoute.schema.response[202], asked)
  await eventually(async () => {
    const answer = await shop.call(`/v1/auth/privacy/exports/${exportId}`, { token })
    return shaped(getExportRoute.schema.response[200], answer).status === 'ready'
  })
  const archive = await fetch(`${system.gatewayUrl}/v1/auth/privacy/exports/${exportId}/archive`, {
    headers: { authorization: `Bearer ${token}` },
  })
  const lines = await archive.text()
  for (const known of [email, street, orderId, '"service":"notifications"']) expect(lines).toContain(known)
  expect(await everythingKept()).toContain(street)

  const begun = await eventually(async () => {
    // Until the order is told of its mail, it is open.
    const answer = await shop.post('/v1/auth/privacy/erase', { password }, { token })
    return answer.status === 202 && shaped(eraseOwnRoute.schema.response[202], answer)
  })
  await eventually(
    async () => {
      const answer = await shop.call(`/v1/auth/privacy/erasures/${begun.id}`)
      return shaped(getErasureRoute.schema.response[200], answer).status === 'completed'
    },
    { timeoutMs: 60_000, everyMs: 200 },
  )
  const left = await everythingKept()
  for (const personal of [email, street, 'Lovelace']) expect(left).not.toContain(personal)
  // What the books need stays.
  expect(left).toContain(orderId)
  expect(left).toContain('"shippedTo":"GB"')
  expect((await shop.post('/v1/auth/login', { email, password })).status).toBe(401)
  const operatorToken = await shop.signInOperator()
  const audit = await shop.call(`/v1/auth/audit?subject=${userId}&limit=100`, { token: operatorToken })
  const actions = JSON.stringify(audit.body)
  for (const action of ['account.registered', 'privacy.export_downloaded', 'privacy.erasure_completed'])
    expect(actions).toContain(action)
  const chain = await shop.call('/v1/auth/audit/verification', { token: operatorToken })
  expect(chain.body).toMatchObject({ broken: null })
})
