import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { textOf } from '@tradewind/launcher/http-api'
import { type Component, type ComponentName, startSystem } from '@tradewind/launcher/system'
import { eventually } from '@tradewind/testkit/eventually'
import { type Db, MongoClient } from 'mongodb'
import { cpuMs } from '../cpu-time.ts'
import { type Api, createApi } from './api.ts'

export interface Shop {
  readonly api: Api
  readonly skus: readonly string[]
  /** Access tokens of signed-in customers. */
  readonly customers: readonly string[]
  /** Signs a customer in again, and returns the access token. */
  readonly signIn: (customer: number) => Promise<string>
  /** What each process has used of the processors so far, in milliseconds. */
  readonly cpuMs: () => ReadonlyMap<ComponentName, number>
  readonly processes: readonly Pick<Component, 'name' | 'pid' | 'adminUrl'>[]
  readonly mongodbUrl: string
  readonly natsUrl: string
  /** A service's database. */
  readonly database: (service: string) => Db
  readonly stop: () => Promise<void>
}

const operator = { email: 'operator@tradewind.example', password: 'a passphrase for the operator' }
const variantsPerProduct = 4
const unitsPerSku = 1_000_000
const inParallel = 8

/** The whole system as a user runs it, every process of it, with so many SKUs in stock and customers signed in. */
export async function openShop(
  skuCount: number,
  customerCount: number,
  env: Readonly<Record<string, string>> = {},
): Promise<Shop> {
  const folder = await mkdtemp(join(tmpdir(), 'tradewind-bench-'))
  const system = await startSystem({
    dataDir: folder,
    logDir: join(folder, 'logs'),
    operator,
    env: {
      RATE_LIMIT_PER_MINUTE: '10000000',
      RATE_LIMIT_AUTH_PER_MINUTE: '100000',
      LOG_LEVEL: 'warn',
      MONGODB_URL: '',
      NATS_URL: '',
      PAYMENTS_RECONCILE_HOUR: 'off',
      ...env,
    },
  })
  const api = createApi(system.gatewayUrl)
  const client = new MongoClient(system.mongodbUrl)
  const stop = async () => {
    api.close()
    await client.close()
    await system.stop()
    await rm(folder, { recursive: true, force: true })
  }
  try {
    const skus = await fillShelves(api, skuCount)
    const customers = await mapInParallel(customerCount, async (index) => {
      await api.call('/v1/auth/register', 201, { method: 'POST', body: { ...credentialsOf(index), name: 'Buyer' } })
      return await signIn(api, credentialsOf(index))
    })
    await untilKnown(api, skus, customers[0] ?? '')
    const components = Object.values(system.components)
    return {
      api,
      skus,
      customers,
      cpuMs: () => new Map(components.map(({ name, pid }) => [name, cpuMs(pid)])),
      processes: components,
      mongodbUrl: system.mongodbUrl,
      natsUrl: system.natsUrl,
      signIn: (customer) => signIn(api, credentialsOf(customer % customers.length)),
      database: (service) => client.db(`tradewind_${service}`),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

const credentialsOf = (customer: number) => ({
  email: `buyer-${customer}@example.com`,
  password: 'a passphrase of the bench',
})

const signIn = async (api: Api, credentials: { readonly email: string; readonly password: string }) =>
  textOf(await api.call('/v1/auth/login', 200, { method: 'POST', body: credentials }), 'accessToken')

async function fillShelves(api: Api, skuCount: number): Promise<readonly string[]> {
  const token = await signIn(api, operator)
  const skus = Array.from({ length: skuCount }, (_, index) => `BENCH-${index}`)
  const location = { id: 'main', name: 'Main', priority: 1 }
  await api.call('/v1/locations', 201, { method: 'POST', token, body: location })
  await mapInParallel(Math.ceil(skuCount / variantsPerProduct), async (index) => {
    const variants = skus.slice(index * variantsPerProduct, (index + 1) * variantsPerProduct)
    const price = { amountMinor: 1999, currency: 'EUR' }
    const body = {
      title: `Product ${index}`,
      category: 'bench',
      variants: variants.map((sku) => ({ sku, title: sku, price })),
    }
    await api.call('/v1/products', 201, { method: 'POST', token, body })
  })
  await mapInParallel(skuCount, async (index) => {
    const body = { sku: skus[index], locationId: 'main', delta: unitsPerSku, reason: 'received' }
    const headers = { 'idempotency-key': randomUUID() }
    await api.call('/v1/stock/adjustments', 201, { method: 'POST', token, headers, body })
  })
  return skus
}

/** Orders learns of products by event, each in its turn. */
async function untilKnown(api: Api, skus: readonly string[], token: string): Promise<void> {
  for (let index = 0; index < skus.length; index += variantsPerProduct) {
    await eventually(async () => {
      await api.call('/v1/orders', 201, {
        method: 'POST',
        token,
        headers: { 'idempotency-key': randomUUID() },
        body: { lines: [{ sku: skus[index], quantity: 1 }], paymentMethod: 'pm_approve' },
      })
      return true
    })
  }
}

async function mapInParallel<T>(count: number, work: (index: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  const indexes = Array.from({ length: count }, (_, index) => index).values()
  await Promise.all(
    Array.from({ length: inParallel }, async () => {
      for (const index of indexes) results[index] = await work(index)
    }),
  )
  return results
}
