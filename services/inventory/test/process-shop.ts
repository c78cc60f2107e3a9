import { newId } from '@tradewind/service-kit/ids'
import { eventually } from '@tradewind/testkit/eventually'
import { expect } from 'vitest'
import type { InventoryProcess } from './inventory-process.ts'
import { variant } from './shop.ts'

/** A product of its own with units at locations: `{ berlin: 3 }`. Returns its SKU. */
export async function newStock(
  { request }: InventoryProcess,
  units: Readonly<Record<string, number>>,
): Promise<string> {
  const sku = newId('sku')
  const product = { title: sku, category: 'mugs', variants: [variant(sku)] }
  expect(await request('POST', '/v1/products', product)).toMatchObject({ status: 201 })
  for (const [locationId, delta] of Object.entries(units)) {
    const received = await request('POST', '/v1/stock/adjustments', { sku, locationId, delta, reason: 'received' })
    expect(received).toMatchObject({ status: 201 })
  }
  return sku
}

/** What is on the shelves of a SKU, in words. */
export async function shelvesOf({ db }: InventoryProcess, sku: string): Promise<string[]> {
  const found = await db.collection('stock').find({ sku }).sort({ _id: 1 }).toArray()
  return found.map(({ locationId, onHand, available, holds }) => {
    const held = holds.reduce((sum: number, { quantity }: { quantity: number }) => sum + quantity, 0)
    return `${locationId}: ${onHand} on hand, ${available} available${held > 0 ? `, ${held} held` : ''}`
  })
}

/** Longer than it takes until the broker delivers again, or a sweeper carries on. */
export const restWithinMs = 75_000

/** Waits until nothing is under way any more, and all movements are in the ledger. */
export async function waitForRest({ db }: InventoryProcess): Promise<void> {
  const underWay = { status: { $in: ['holding', 'committing', 'releasing', 'started', 'taken'] } }
  await eventually(
    async () => {
      const counts = await Promise.all([
        db.collection('transfers').countDocuments(underWay),
        db.collection('reservations').countDocuments(underWay),
        db.collection('stock').countDocuments({ movementsSince: { $exists: true } }),
      ])
      expect(counts).toEqual([0, 0, 0])
      return true
    },
    { timeoutMs: restWithinMs, everyMs: 100 },
  )
}

/** The operators' own check finds nothing, and the ledger comes to what is on hand, movement by movement. */
export async function expectEverythingToAddUp({ request, db }: InventoryProcess): Promise<void> {
  for (let cursor = ''; ; ) {
    const { body } = await request('GET', `/v1/stock/consistency?limit=100${cursor}`)
    expect(body).toMatchObject({ violations: [] })
    const next: unknown = Object(body)['nextCursor']
    if (typeof next !== 'string') break
    cursor = `&cursor=${next}`
  }
  for (const { _id, onHand } of await db.collection('stock').find().toArray()) {
    const movements = await db
      .collection('movements')
      .find({ stockId: String(_id) })
      .sort({ seq: 1 })
      .toArray()
    let balance = 0
    const wrong = movements.filter((movement) => movement['balance'] !== (balance += Number(movement['delta'])))
    expect([_id, wrong, balance]).toEqual([_id, [], onHand])
  }
}
