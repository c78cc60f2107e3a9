import { newId } from '@tradewind/service-kit/ids'
import { inAnHour } from '@tradewind/service-testkit/running-service'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leaseMs } from '../src/domain/job.ts'
import { errorsOf, exported, jobOf, queue } from './import-files.ts'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import { addLocation, adjust, expectStockAddsUp, operator, shelvesOf, stocked, variant } from './shop.ts'
import { Crash, interceptWrites } from './writes.ts'

const { writes, wrap } = interceptWrites()
const clock = { now: inAnHour() }

let backends: Backends
/** Dies and stalls as the test says. */
let inventory: InventoryUnderTest
/** Another replica on the same database. */
let other: InventoryUnderTest
beforeAll(async () => {
  backends = await startBackends()
  const database = backends.databaseName('jobs')
  inventory = await startInventory({ ...backends, database, clock, wrap: (ports) => wrap({ ...ports, batchItems: 2 }) })
  other = await startInventory({ ...backends, database, clock })
  await addLocation(inventory, 'berlin', 1)
})
afterAll(async () => {
  await other.stop()
  await inventory.stop()
  await backends.stop()
})

const leaseIsUp = () => {
  clock.now = new Date(clock.now.getTime() + leaseMs)
}

async function runAndDie(): Promise<void> {
  try {
    await inventory.app.jobs.run()
  } catch (error) {
    if (!(error instanceof Crash)) throw error
  }
}

interface Case {
  readonly begin: () => Promise<{ readonly id: string; readonly stateOf: () => Promise<unknown> }>
}

const outcome = async (id: string) => {
  const { status, progress } = await jobOf(inventory, id)
  const errors = await errorsOf(inventory, id)
  return { status, progress, errors: errors.map(({ row, code }) => [row, code]) }
}

const stockImport: Case = {
  begin: async () => {
    const [mug, pen] = [await stocked(inventory, {}), await stocked(inventory, { berlin: 3 })]
    const row = (sku: string, more: object) => JSON.stringify({ sku, locationId: 'berlin', ...more })
    const text = [
      // Refused, although a row later there is enough: also when the two are done again.
      row(mug, { delta: -5, reason: 'lost' }),
      row(mug, { delta: 5, reason: 'received' }),
      row(pen, { counted: 10 }),
      row('NOBODY', { counted: 1 }),
      row(pen, { delta: 2, reason: 'found' }),
    ].join('\n')
    const id = await queue(inventory, text, { kind: 'stock' })
    const stateOf = async () => {
      await expectStockAddsUp(inventory, mug, pen)
      return { ...(await outcome(id)), shelves: [await shelvesOf(inventory, mug), await shelvesOf(inventory, pen)] }
    }
    return { id, stateOf }
  },
}

const productImport: Case = {
  begin: async () => {
    const [mug, pen, cup] = ['mug', 'pen', 'cup'].map((name) => newId(name).replace('_', '-'))
    const line = (handle = '', ...skus: string[]) =>
      JSON.stringify({ handle, title: 'T', category: 'c', variants: skus.map((sku) => variant(sku)) })
    const text = [line(mug, `${mug}-1`), line(pen, `${mug}-1`), line(cup, `${cup}-1`, `${cup}-2`)].join('\n')
    const id = await queue(inventory, text, { kind: 'products' })
    const stateOf = async () => {
      const found = await inventory.ports.products.findByHandles([mug, pen, cup].flatMap((one) => one ?? []))
      const products = [mug, pen, cup].map((handle = '') => {
        const { variants, version, outbox } = { outbox: undefined, ...found.get(handle) }
        return { has: variants?.map(({ sku }) => sku.replace(handle, '')), version, outbox }
      })
      return { ...(await outcome(id)), products }
    }
    return { id, stateOf }
  },
}

const dryRun: Case = {
  begin: async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const row = (of: string) => JSON.stringify({ sku: of, locationId: 'berlin', counted: 9 })
    const id = await queue(inventory, [row(sku), row('NOBODY'), row(sku)].join('\n'), { kind: 'stock', dryRun: true })
    return { id, stateOf: async () => ({ ...(await outcome(id)), shelves: await shelvesOf(inventory, sku) }) }
  },
}

const exportOfStock: Case = {
  begin: async () => {
    const body = { kind: 'stock', format: 'ndjson' }
    const answer = await inventory.request('POST', '/v1/exports', { as: operator, body })
    const { id } = Object(answer.body)
    const stateOf = async () => {
      const { status } = await jobOf(inventory, id)
      const result = await inventory.request('GET', `/v1/jobs/${id}/result`, { as: operator })
      return { status, text: String(result.body) }
    }
    return { id, stateOf }
  },
}

describe('a worker that dies at any write, before it or after it, and another that carries on: as if nothing had happened', () => {
  const cases = Object.entries({ stockImport, productImport, dryRun, exportOfStock }).flatMap(([name, one]) =>
    (['before', 'after'] as const).map((moment) => [name, moment, one] as const),
  )
  test.each(cases)('%s, dying %s', async (_name, moment, { begin }) => {
    const undisturbed = await begin()
    await inventory.app.jobs.run()
    const expected = await undisturbed.stateOf()
    expect(expected).toMatchObject({ status: 'completed' })
    let points = 0
    for (;;) {
      const { stateOf } = await begin()
      await writes.revive()
      writes.dieAt(points + 1, moment)
      await runAndDie()
      const hasDied = await writes.revive()
      leaseIsUp()
      await inventory.app.jobs.run()
      expect([points, await stateOf()]).toEqual([points, expected])
      if (!hasDied) break
      points += 1
    }
    expect(points).toBeGreaterThan(2)
  })
})

test('a worker that carries on hours later, when shelves have forgotten their movements, doubles nothing', async () => {
  for (let n = 1, hasDied = true; hasDied; n += 1) {
    const sku = await stocked(inventory, {})
    const row = JSON.stringify({ sku, locationId: 'berlin', delta: 1, reason: 'received' })
    await queue(inventory, `${row}\n`.repeat(3), { kind: 'stock' })
    await writes.revive()
    writes.dieAt(n, 'after')
    await runAndDie()
    hasDied = await writes.revive()
    await other.app.archiveMovements()
    clock.now = new Date(clock.now.getTime() + 60 * 60_000)
    await adjust(other, { sku, locationId: 'berlin', delta: 10, reason: 'received' })
    await other.app.jobs.run()
    expect([n, await shelvesOf(inventory, sku)]).toEqual([n, ['berlin: 13 on hand, 13 available, 0 held']])
    await expectStockAddsUp(inventory, sku)
  }
})

describe('two workers', () => {
  test('at once do each job once', async () => {
    const skus = await Promise.all(Array.from({ length: 6 }, () => stocked(inventory, {})))
    const row = (sku: string) => JSON.stringify({ sku, locationId: 'berlin', delta: 1, reason: 'received' })
    const ids = []
    for (const sku of skus) ids.push(await queue(inventory, `${row(sku)}\n`.repeat(5), { kind: 'stock' }))
    await Promise.all([inventory, other, inventory, other].map(({ app }) => app.jobs.run()))
    for (const id of ids) {
      expect(await jobOf(inventory, id)).toMatchObject({ status: 'completed', progress: { done: 5, failed: 0 } })
      expect((await inventory.ports.jobs.find(id))?.attempt).toBe(1)
    }
    for (const sku of skus) expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 5 on hand, 5 available, 0 held'])
  })

  test('one after another: what the first still wants to write, when it wakes, has no effect', async () => {
    const sku = await stocked(inventory, {})
    const row = JSON.stringify({ sku, locationId: 'berlin', delta: 1, reason: 'received' })
    const id = await queue(inventory, `${row}\n`.repeat(3), { kind: 'stock' })
    const pause = writes.pause(`${sku}@berlin`)
    const first = inventory.app.jobs.run()
    await pause.reached
    leaseIsUp()
    await other.app.jobs.run()
    expect(await jobOf(other, id)).toMatchObject({ status: 'completed', progress: { done: 3 } })
    // Long after, when the shelf itself has forgotten the movements.
    clock.now = new Date(clock.now.getTime() + 60 * 60_000)
    await other.app.archiveMovements()
    await other.app.jobs.run()
    pause.resume()
    await first
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 3 on hand, 3 available, 0 held'])
    await expectStockAddsUp(inventory, sku)
  })
})

describe('a running job', () => {
  const begun = async () => {
    const sku = await stocked(inventory, {})
    const row = JSON.stringify({ sku, locationId: 'berlin', delta: 1, reason: 'received' })
    const id = await queue(inventory, `${row}\n`.repeat(9), { kind: 'stock' })
    const pause = writes.pause(`${sku}@berlin`)
    const run = inventory.app.jobs.run()
    await pause.reached
    return { id, sku, pause, run }
  }

  test('stops after its batch when it is cancelled', async () => {
    const { id, sku, pause, run } = await begun()
    const answer = await inventory.request('POST', `/v1/jobs/${id}/cancel`, { as: operator })
    expect(answer).toMatchObject({ status: 202, body: { status: 'running' } })
    pause.resume()
    await run
    const job = await jobOf(inventory, id)
    expect(job).toMatchObject({ status: 'cancelled', progress: { rows: 9, done: 2 }, finishedAt: expect.any(String) })
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 2 on hand, 2 available, 0 held'])
    leaseIsUp()
    await other.app.jobs.run()
    expect(await jobOf(inventory, id)).toEqual(job)
  })

  test('is given back when its process ends, and carried on by another', async () => {
    const { id, sku, pause, run } = await begun()
    inventory.app.jobs.stop()
    pause.resume()
    await run
    expect(await jobOf(inventory, id)).toMatchObject({ status: 'queued', progress: { rows: 9, done: 2 } })
    await other.app.jobs.run()
    expect(await jobOf(inventory, id)).toMatchObject({ status: 'completed', progress: { rows: 9, done: 9 } })
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 9 on hand, 9 available, 0 held'])
    expect((await exported(other, 'stock', 'csv')).text).toContain(`${sku},berlin,9,9`)
  })
})
