import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { checkRestored } from '@tradewind/backups/check-restored'
import { Order } from '@tradewind/contracts/orders'
import { startEmbeddedMongodb } from '@tradewind/embedded-mongodb'
import { eventually } from '@tradewind/testkit/eventually'
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, shaped } from './shop-client.ts'

const clientCount = 8
const ordersBefore = 40
const ordersAfter = 40

/** The embedded database's own command; MongoDB has mongodump and mongorestore. */
async function command(url: string, kind: 'backup' | 'restore', file: string): Promise<void> {
  const client = await MongoClient.connect(url)
  try {
    await client.db('admin').command({ [kind]: file })
  } finally {
    await client.close()
  }
}

/** Places orders until as many are accepted, and tells after which one. */
async function placeOrders(system: RunningSystem, count: number, told: (accepted: readonly string[]) => void) {
  const shop = createShop(system.gatewayUrl)
  const { sku } = await shop.newProduct({ units: count })
  const customers = await Promise.all(Array.from({ length: clientCount }, () => shop.newCustomer()))
  const accepted: string[] = []
  let begun = 0
  await Promise.all(
    customers.map(async ({ token }, buyer) => {
      while (begun < count) {
        begun += 1
        const paymentMethod = buyer === 0 ? 'pm_decline' : 'pm_approve'
        accepted.push(shaped(Order, await shop.placeAs(token, { sku, key: randomUUID(), paymentMethod })).id)
        told(accepted)
      }
    }),
  )
  return accepted
}

test.skipIf(Boolean(process.env['MONGODB_URL']))(
  'a backup that was taken under load and restored elsewhere has every order accepted before it, and all of them come to their end',
  async () => {
    const folder = await mkdtemp(join(tmpdir(), 'tradewind-backup-'))
    const file = join(folder, 'backup.db')
    const shopBefore = await runSystem()
    const prefix = shopBefore.databaseOf('')
    let beforeBackup: readonly string[] = []
    let backup: Promise<void> | undefined
    const all = await placeOrders(shopBefore, ordersBefore + ordersAfter, (accepted) => {
      if (accepted.length < ordersBefore || backup !== undefined) return
      beforeBackup = [...accepted]
      backup = command(shopBefore.mongodbUrl, 'backup', file)
    })
    await backup
    // Without these keys nobody could read what the services sealed: they are kept apart from the backup.
    const secrets: Record<string, string> = JSON.parse(readFileSync(join(shopBefore.dataDir, 'secrets.json'), 'utf8'))
    await shopBefore.end()
    expect(all).toHaveLength(ordersBefore + ordersAfter)

    const elsewhere = await startEmbeddedMongodb({ dataDir: join(folder, 'elsewhere'), port: 0 })
    try {
      await command(elsewhere.url, 'restore', file)
      const restored = await checkRestored(elsewhere.url, prefix)
      expect(restored.violations).toEqual([])
      expect(restored.orders).toBeGreaterThanOrEqual(beforeBackup.length)
      // It was taken in the middle of something.
      expect(restored.underWay).toBeGreaterThan(0)

      // A broker that knows nothing, as after a disaster.
      const shopAfter = await runSystem({ ...secrets, MONGODB_URL: elsewhere.url }, prefix)
      try {
        const violations = await eventually(
          async () => {
            const found = await shopAfter.violations(beforeBackup)
            if (found.length > 0) throw new Error(JSON.stringify(found.slice(0, 3)))
            return found
          },
          { timeoutMs: 60_000, everyMs: 250 },
        )
        expect(violations).toEqual([])
        const customers = createShop(shopAfter.gatewayUrl)
        const { sku } = await customers.newProduct({ units: 1 })
        const { token } = await customers.newCustomer()
        const order = shaped(Order, await customers.placeAs(token, { sku, waitSeconds: 20 }))
        expect(order.status).toBe('confirmed')
      } finally {
        await shopAfter.end()
      }
    } finally {
      await elsewhere.close()
      await rm(folder, { recursive: true, force: true })
    }
  },
  180_000,
)
