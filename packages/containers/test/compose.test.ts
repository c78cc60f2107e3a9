import { execFileSync } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { resolve } from 'node:path'
import { placeDemoOrder } from '@tradewind/launcher/demo-order'
import { listOf, makeApi, numberOf, textOf } from '@tradewind/launcher/http-api'
import { seedCatalogue } from '@tradewind/launcher/seed-catalogue'
import { eventually } from '@tradewind/testkit/eventually'
import { freePort } from '@tradewind/testkit/nats-container'
import { afterAll, beforeAll, expect, test } from 'vitest'

const infra = resolve(import.meta.dirname, '../../../infra')
const isEmbedded = (process.env['MONGODB_IMAGE'] ?? '').includes('embedded-mongodb')
const project = `tradewind-test-${randomBytes(4).toString('hex')}`
let port = 0

/** The plugin of the engine, or the program of its own that came before it. */
const compose = (() => {
  try {
    execFileSync('docker', ['compose', 'version'], { stdio: 'ignore' })
    return ['docker', 'compose']
  } catch {
    return ['docker-compose']
  }
})()

function run(...args: string[]): string {
  const [program = '', ...first] = compose
  const files = ['compose.yaml', ...(isEmbedded ? ['compose.embedded.yaml'] : [])]
  return execFileSync(
    program,
    [
      ...first,
      '--project-name',
      project,
      '--env-file',
      resolve(infra, 'docker/base-images.env'),
      ...files.flatMap((file) => ['--file', resolve(infra, file)]),
      ...args,
    ],
    { env: { ...process.env, TRADEWIND_PORT: String(port), SMTP_URL: '' }, encoding: 'utf8', stdio: 'pipe' },
  )
}

beforeAll(async () => {
  port = await freePort()
  run('up', '--detach', 'gateway')
}, 240_000)
afterAll(() => {
  run('down', '--volumes', '--timeout', '10')
}, 120_000)

test('an order gets through the containers, from the gateway to its mail', { timeout: 240_000 }, async () => {
  const gateway = makeApi(`http://127.0.0.1:${port}`)
  const operator = { email: 'operator@tradewind.local', password: 'local-only-operator' }
  const signedIn = await eventually(() => gateway('/v1/auth/login', { method: 'POST', body: operator }), {
    timeoutMs: 180_000,
    everyMs: 1000,
  })
  await seedCatalogue(gateway, textOf(signedIn, 'accessToken'))
  // The gateway may show for some seconds what it was asked for before the shelves were filled.
  await eventually(
    async () => {
      const products = listOf(await gateway('/v1/products?limit=100'), 'items')
      const inStock = products.filter((one) => listOf(one, 'variants').some((two) => numberOf(two, 'available') > 1))
      return inStock.length > 1
    },
    { timeoutMs: 60_000, everyMs: 500 },
  )
  const order = await placeDemoOrder(gateway)
  expect(order.steps.map(({ type }) => type)).toContain('notifications.notification.sent')
})
