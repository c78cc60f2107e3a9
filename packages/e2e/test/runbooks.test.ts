import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { promisify } from 'node:util'
import { Order } from '@tradewind/contracts/orders'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { operator, type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

const run = promisify(execFile)

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

/** Runs what a page says to do through the gateway, as somebody would who pastes it. */
async function follow(page: string, env: Readonly<Record<string, string>>): Promise<string> {
  const text = readFileSync(resolve(import.meta.dirname, '../../../docs/runbooks', `${page}.md`), 'utf8')
  const blocks = [...text.matchAll(/```sh\n([^]*?)```/g)].map(([, block = '']) => block)
  const script = blocks.filter((block) => block.includes('$GATEWAY')).join('\n')
  expect(script).toContain('GATEWAY=https://shop.example.com\n')
  const here = script.replace('https://shop.example.com', system.gatewayUrl)
  const { stdout } = await run('sh', ['-e', '-c', here], { env: { PATH: process.env['PATH'], ...env } })
  return stdout
}

const operatorToken = async () => {
  const { body } = await shop.post('/v1/auth/login', operator)
  return String(Object(body).accessToken)
}

test('what is to be done about stuck orders can be done', async () => {
  const { sku } = await shop.newProduct({ units: 3 })
  const { token } = await shop.newCustomer()
  const { id } = shaped(Order, await shop.placeAs(token, { sku, waitSeconds: 10 }))
  const said = await follow('stuck-orders', { TOKEN: await operatorToken(), ORDER: id })
  expect(said).toContain('"items":[]')
  expect(said).toContain('"isAwaiting"')
  expect(said).toContain('orders.order.confirmed')
})

test('orders are accepted without the broker, by services that still get requests, and go on when it is back', async () => {
  const { sku } = await shop.newProduct({ units: 3 })
  const { token } = await shop.newCustomer()
  const services = ['gateway', 'auth', 'inventory', 'orders', 'payments', 'notifications'] as const
  const readiness = (of: string) =>
    Promise.all(services.map(async (name) => (await fetch(`${system.component(name).adminUrl}/readyz${of}`)).status))
  const broker = system.component('nats')
  broker.kill('SIGKILL')
  await broker.exited()
  expect(new Set(await readiness(''))).toEqual(new Set([503]))
  expect(new Set(await readiness('?for=requests'))).toEqual(new Set([200]))
  const accepted = await shop.placeAs(token, { sku })
  expect(accepted.status).toBe(201)
  await broker.restart()
  await shop.untilTold(token, shaped(Order, accepted).id, 'notifications.notification.sent')
})

test('the jobs before a rollout migrate as the services do', async () => {
  const client = await MongoClient.connect(system.mongodbUrl)
  const appliedIn = async (database: string) => {
    const found = await client.db(database).collection<{ _id: string }>('migrations').find().sort({ _id: 1 }).toArray()
    return found.map(({ _id }) => _id)
  }
  try {
    for (const service of ['auth', 'inventory', 'orders', 'payments', 'notifications']) {
      const MONGODB_DATABASE = `${system.databaseOf(service)}_migrated`
      const program = resolve(import.meta.dirname, `../../../services/${service}/src/migrate.ts`)
      await run(process.execPath, [program], { env: { MONGODB_URL: system.mongodbUrl, MONGODB_DATABASE } })
      const applied = await appliedIn(MONGODB_DATABASE)
      expect(applied.length).toBeGreaterThan(0)
      expect({ service, applied }).toEqual({ service, applied: await appliedIn(system.databaseOf(service)) })
    }
  } finally {
    await client.close()
  }
})

test('signing keys are rotated as it says', async () => {
  const said = await follow('rotate-keys', { TOKEN: await operatorToken() })
  expect(said).toContain('"signsFrom"')
  // The new one and the one that signs until then.
  expect(said.match(/"kid"/g)).toHaveLength(3)
})
