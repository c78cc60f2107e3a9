import { DomainError } from '@tradewind/service-kit/errors'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { createChance } from '@tradewind/testkit/chance'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import { addLocation, adjust, authorized, cancelled, expectStockAddsUp, handle, placed, stocked } from './shop.ts'

const seeds = process.env['SEED'] === undefined ? [1, 2, 3, 4, 5, 6] : [Number(process.env['SEED'])]
const ordersPerSeed = 40

let backends: Backends
/** Two processes on one database. */
let replicas: [InventoryUnderTest, InventoryUnderTest]
beforeAll(async () => {
  backends = await startBackends()
  const database = backends.databaseName('inventory')
  const first = await startInventory({ ...backends, database })
  replicas = [first, await startInventory({ ...backends, database, clock: first.clock })]
  await addLocation(first, 'berlin', 1)
  await addLocation(first, 'lyon', 2)
})
afterAll(async () => {
  for (const replica of replicas) await replica.stop()
  await backends.stop()
})

/** Handles an event as the broker has it done: again, until it is done. */
async function deliver(replica: InventoryUnderTest, event: Parameters<typeof handle>[1]): Promise<void> {
  for (;;) {
    try {
      return await handle(replica, event)
    } catch (error) {
      if (!(error instanceof DomainError)) throw error
    }
  }
}

test.each(seeds)(
  'two replicas on a real database, everything twice and in any order, sell what there is and no more (SEED=%i)',
  async (seed) => {
    const chance = createChance(seed)
    const [first] = replicas
    const skus = [await stocked(first, { berlin: 12, lyon: 6 }), await stocked(first, { berlin: 3, lyon: 9 })] as const
    const orders = Array.from({ length: ordersPerSeed }, () => {
      const id = newId('ord')
      const lines = Array.from({ length: chance.integer(1, 3) }, () => ({
        sku: chance.oneOf(skus),
        quantity: chance.integer(1, 2),
      }))
      return { id, lines, isCancelled: chance.isHit(0.3), isAuthorized: chance.isHit(0.5) }
    })
    const events = orders.flatMap(({ id, lines, isCancelled, isAuthorized }) => [
      placed(id, ...lines),
      ...(isCancelled ? [cancelled(id)] : []),
      ...(isAuthorized ? [authorized(id)] : []),
    ])
    const work = chance.shuffled([...events, ...events]).map((event) => {
      const replica = chance.oneOf(replicas)
      return deliver(replica, event)
    })
    const jobs = skus.map(async (sku) => {
      await adjust(first, { sku, locationId: 'lyon', delta: 2, reason: 'found' })
      for (const replica of replicas) await replica.app.archiveMovements()
      await first.app.sweepLeakedHolds()
    })
    await Promise.all([...work, ...jobs])

    const statuses = await first.ports.reservations.findMany(orders.map(({ id }) => id))
    for (const { id, isCancelled, isAuthorized } of orders) {
      const ends = isCancelled ? ['released', 'rejected'] : ['rejected', isAuthorized ? 'committed' : 'held']
      expect(ends).toContain(statuses.get(id)?.status)
    }
    await expectStockAddsUp(first, ...skus)
    for (const sku of skus) {
      const shelves = await first.ports.stock.findBySkus([sku])
      const units = (status: string) =>
        [...statuses.values()]
          .filter((one) => one.status === status)
          .flatMap(({ allocations }) => allocations)
          .filter((one) => one.sku === sku)
          .reduce((sum, { quantity }) => sum + quantity, 0)
      const onHand = shelves.reduce((sum, shelf) => sum + shelf.onHand, 0)
      const available = shelves.reduce((sum, shelf) => sum + shelf.available, 0)
      const brought = sku === skus[0] ? 20 : 14
      expect([onHand, available]).toEqual([brought - units('committed'), brought - units('committed') - units('held')])
    }
  },
)
