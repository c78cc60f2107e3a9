import { fingerprint } from '@tradewind/service-kit/idempotency'
import { newId } from '@tradewind/service-kit/ids'
import { eventually } from '@tradewind/testkit/eventually'
import { describe, expect, type onTestFinished, test } from 'vitest'
import { type InventoryProcess, type Moment, operatorId, startInventoryProcess } from './inventory-process.ts'
import { expectEverythingToAddUp, newStock, restWithinMs, shelvesOf, waitForRest } from './process-shop.ts'
import { authorized, cancelled, placed } from './shop.ts'

const moments = ['before', 'after'] as const
/** Some fifty processes are started, and what the last ones left is carried on after half a minute. */
const timeoutMs = 300_000

async function openInventory(finished: typeof onTestFinished): Promise<InventoryProcess> {
  const inventory = await startInventoryProcess()
  finished(() => inventory.stop())
  for (const [index, id] of ['berlin', 'lyon'].entries()) {
    await inventory.request('POST', '/v1/locations', { id, name: id, priority: index + 1 })
  }
  return inventory
}

/** Does something at every point at which it can be killed; the first run that ends alive has no further write to die at. */
async function atEveryWrite<T extends { readonly hasDied: boolean }>(
  run: (n: number, moment: Moment) => Promise<T>,
): Promise<(T & { readonly point: string })[]> {
  const runs: (T & { readonly point: string })[] = []
  for (const moment of moments) {
    for (let n = 1, hasDied = true; hasDied; n += 1) {
      const outcome = await run(n, moment)
      hasDied = outcome.hasDied
      runs.push({ ...outcome, point: hasDied ? `killed ${moment} write ${n}` : 'alive' })
    }
  }
  return runs
}

const deaths = (runs: readonly { readonly hasDied: boolean }[]) => runs.filter(({ hasDied }) => hasDied).length

describe.concurrent('the process is killed at each of its writes, is started again, and carries on', () => {
  /** The claim, the transfer, the first shelf, the transfer, the second shelf, the transfer. */
  const leastWritesOfTransfer = 6
  const before = ['berlin: 5 on hand, 5 available']
  const moved = ['berlin: 2 on hand, 2 available', 'lyon: 3 on hand, 3 available']

  test('a transfer is finished or was never begun, and is finished by whoever asks again', {
    timeout: timeoutMs,
  }, async ({ onTestFinished: finished }) => {
    const inventory = await openInventory(finished)
    const transfers = await atEveryWrite(async (n, moment) => {
      const sku = await newStock(inventory, { berlin: 5 })
      const key = newId('key')
      const order = { sku, fromLocationId: 'berlin', toLocationId: 'lyon', quantity: 3 }
      const ask = () => inventory.request('POST', '/v1/stock/transfers', order, key)
      // The claim and the transfer bear a hash of the key, the shelves the SKU.
      const marks = [sku, fingerprint(`${operatorId}\n${key}`).slice(0, 32)]
      const hasDied = await inventory.dieAt(n, moment, marks, async () => {
        expect(await ask()).toMatchObject({ status: 201 })
      })
      return { hasDied, sku, ask }
    })
    expect(deaths(transfers)).toBeGreaterThanOrEqual(leastWritesOfTransfer * moments.length)
    await waitForRest(inventory)
    const ends = new Map<string, string>()
    for (const { point, sku } of transfers) {
      const written = await inventory.db.collection('transfers').findOne({ sku })
      const end = written === null ? 'never begun' : String(written['status'])
      ends.set(point, end)
      expect([point, end, await shelvesOf(inventory, sku)]).toEqual([point, end, end === 'done' ? moved : before])
    }
    expect(ends.get('alive')).toBe('done')
    expect(new Set(ends.values())).toEqual(new Set(['never begun', 'done']))
    await expectEverythingToAddUp(inventory)
    for (const { point, sku, ask } of transfers) {
      expect(await ask()).toMatchObject({ status: 201 })
      expect([point, await shelvesOf(inventory, sku)]).toEqual([point, moved])
    }
    await waitForRest(inventory)
    await expectEverythingToAddUp(inventory)
  })

  const steps = { placed, authorized, cancelled }
  const outcomes = { placed: 'held', authorized: 'committed', cancelled: 'released' } as const
  /** The reservation, its shelves in one command, and the reservation. */
  const leastWritesOfStep = 3
  const untouched = [
    'MUG berlin: 3 on hand, 3 available',
    'PEN berlin: 1 on hand, 1 available',
    'PEN lyon: 4 on hand, 4 available',
  ]
  const lives: readonly { readonly life: readonly (keyof typeof steps)[]; readonly shelves: readonly string[] }[] = [
    {
      life: ['placed'],
      shelves: [
        'MUG berlin: 3 on hand, 1 available, 2 held',
        'PEN berlin: 1 on hand, 0 available, 1 held',
        'PEN lyon: 4 on hand, 0 available, 4 held',
      ],
    },
    {
      life: ['placed', 'authorized'],
      shelves: [
        'MUG berlin: 1 on hand, 1 available',
        'PEN berlin: 0 on hand, 0 available',
        'PEN lyon: 0 on hand, 0 available',
      ],
    },
    { life: ['placed', 'cancelled'], shelves: untouched },
    { life: ['placed', 'authorized', 'cancelled'], shelves: untouched },
  ]

  test.for(lives)(
    '$life ends as if nothing had happened',
    { timeout: timeoutMs },
    async ({ life, shelves }, { onTestFinished: finished }) => {
      const inventory = await openInventory(finished)
      const last = life.at(-1) ?? 'placed'
      const reservations = inventory.db.collection<{ _id: string; status: string }>('reservations')
      const isAt = async (orderId: string, step: keyof typeof steps) =>
        (await reservations.findOne({ _id: orderId }))?.status === outcomes[step]

      /** An order of two products, one of them from two locations, in a process that dies at its last step. */
      const orders = await atEveryWrite(async (n, moment) => {
        const mug = await newStock(inventory, { berlin: 3 })
        const pen = await newStock(inventory, { berlin: 1, lyon: 4 })
        const orderId = newId('ord')
        const lines = [
          { sku: mug, quantity: 2 },
          { sku: pen, quantity: 5 },
        ]
        const take = async (step: keyof typeof steps) => {
          await inventory.publish(steps[step](orderId, ...lines))
          await eventually(() => isAt(orderId, step), { timeoutMs: restWithinMs })
        }
        for (const step of life.slice(0, -1)) await take(step)
        const hasDied = await inventory.dieAt(n, moment, [orderId, mug, pen], () => take(last))
        return { hasDied, orderId, mug, pen }
      })
      expect(deaths(orders)).toBeGreaterThanOrEqual(leastWritesOfStep * moments.length)
      for (const { orderId } of orders) await eventually(() => isAt(orderId, last), { timeoutMs: restWithinMs })
      await waitForRest(inventory)
      for (const { point, mug, pen } of orders) {
        const standing = [
          ...(await shelvesOf(inventory, mug)).map((shelf) => `MUG ${shelf}`),
          ...(await shelvesOf(inventory, pen)).map((shelf) => `PEN ${shelf}`),
        ]
        expect([point, standing]).toEqual([point, shelves])
      }
      await expectEverythingToAddUp(inventory)
    },
  )
})
