import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { openBroker } from '@tradewind/chaos/broker'
import { type Floor, openFloor } from '@tradewind/chaos/floor'
import { startLoad } from '@tradewind/chaos/load'
import { createShop, type Shop } from '@tradewind/chaos/shop'
import { createChance } from '@tradewind/testkit/chance'
import { eventually } from '@tradewind/testkit/eventually'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'

let floor: Floor
let shop: Shop
let token: string
beforeAll(async () => {
  floor = await openFloor()
  shop = createShop(floor.gatewayUrl)
  token = await shop.signInOperator()
}, 90_000)
afterAll(async () => {
  shop.close()
  await floor.end()
})

const program = join(import.meta.dirname, '../src/main.ts')

/** Runs the command as an operator does, against the running system. */
function tradewind(...args: readonly string[]): Promise<{ code: number; said: string }> {
  const env = {
    ...process.env,
    MONGODB_URL: floor.system.mongodbUrl,
    NATS_URL: floor.system.natsUrl,
    TRADEWIND_URL: floor.gatewayUrl,
    TRADEWIND_TOKEN: token,
  }
  return new Promise((resolve) => {
    execFile(process.execPath, [program, ...args], { env }, (error, stdout, stderr) => {
      const code = typeof error?.code === 'number' ? error.code : 0
      resolve({ code, said: (stdout + stderr).trim() })
    })
  })
}
const verify = () => tradewind('--json', 'verify', '--prefix', floor.databaseOf('orders').replace(/orders$/, ''))

describe('verify', () => {
  test('finds nothing wrong while orders are under way', async () => {
    const customers = [await shop.newCustomer(), await shop.newCustomer()]
    const sku = await shop.newProduct(5000, customers[0] ?? '')
    const { gatewayUrl } = floor
    const load = startLoad({ gatewayUrl, chance: createChance(1), skus: [sku], customers, clients: 4, pauseMs: 30 })
    await eventually(() => load.placed() > 20, { timeoutMs: 30_000 })
    expect(await verify()).toEqual({ code: 0, said: '{"violations":[]}' })
    const { accepted } = await load.stop()
    expect(accepted.length).toBeGreaterThan(40)
    await eventually(async () => (await floor.ordersUnderWay()) === 0, { timeoutMs: 60_000 })
  }, 120_000)

  test('names what is wrong, with the documents that show it', async () => {
    const client = await MongoClient.connect(floor.system.mongodbUrl)
    try {
      const stock = client.db(floor.databaseOf('inventory')).collection('stock')
      const shelf = await stock.findOneAndUpdate({}, { $inc: { onHand: 1 } })
      if (shelf === null) throw new Error('there is no stock')
      const { code, said } = await verify()
      expect(code).toBe(2)
      const { violations } = JSON.parse(said)
      expect(violations).toMatchObject([{ invariant: 'I2', documents: [{ _id: shelf._id }] }, { invariant: 'I2' }])
      await stock.updateOne({ _id: shelf._id }, { $inc: { onHand: -1 } })
    } finally {
      await client.close()
    }
  }, 60_000)
})

describe('dead letters', () => {
  test('are counted as a violation, shown, replayed in vain, and discarded with a reason', async () => {
    expect(await tradewind('dead-letters', 'list')).toEqual({ code: 0, said: 'there are none' })
    const broker = await openBroker(floor.system.natsUrl)
    const eventId = await broker.publish('inventory.reservation.held.v1', '{}')
    await eventually(async () => (await broker.deadLetters()).length === 1, { timeoutMs: 20_000 })
    await broker.close()

    const { code, said } = await verify()
    const shown = { invariant: 'I7', documents: [{ eventId }] }
    expect([code, JSON.parse(said).violations]).toMatchObject([2, [shown]])
    const [id = ''] = (await tradewind('dead-letters', 'list')).said.match(/^dlq_\d+/gm) ?? []
    expect((await tradewind('dead-letters', 'show', id)).said).toContain(`eventId: ${eventId}`)
    const replayed = await tradewind('dead-letters', 'replay', id)
    expect([replayed.code, replayed.said]).toEqual([2, expect.stringContaining('failed again: ')])
    expect((await tradewind('dead-letters', 'discard', id)).code).toBe(1)
    expect(await tradewind('dead-letters', 'discard', id, '--reason', 'made by a test')).toEqual({
      code: 0,
      said: 'discarded',
    })
    expect(await verify()).toEqual({ code: 0, said: '{"violations":[]}' })
  }, 120_000)
})
