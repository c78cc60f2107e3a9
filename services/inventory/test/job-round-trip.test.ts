import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { exported, imported } from './import-files.ts'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import { addLocation, adjust, operator, shelvesOf, stocked, variant } from './shop.ts'

let backends: Backends
let inventory: InventoryUnderTest
let elsewhere: InventoryUnderTest
const formats = ['csv', 'ndjson'] as const
beforeAll(async () => {
  backends = await startBackends()
  const { mongodbUrl, natsUrl } = backends
  inventory = await startInventory({ mongodbUrl, natsUrl, database: backends.databaseName('trip') })
  elsewhere = await startInventory({ mongodbUrl, natsUrl, database: backends.databaseName('trip') })
  for (const one of [inventory, elsewhere]) await addLocation(one, 'berlin', 1)
  const awkward = [
    { title: '=HYPERLINK("http://x")', description: ' "quoted", \r\nand\rbroken ', handle: 'awkward' },
    { title: "'=already", description: '', handle: 'quoted', status: 'draft' },
    { title: 'Without a handle', description: '-1' },
  ]
  for (const one of awkward) {
    const variants = [
      { ...variant(newId('sku'), 10 ** 11), attributes: { colour: '@red', size: "it's, 1" }, weightGrams: 0 },
      { ...variant(newId('sku')), attributes: { colour: 'ＲＥＤ' } },
    ]
    const body = { category: 'mugs', ...one, variants }
    await inventory.request('POST', '/v1/products', { as: operator, body })
  }
  const retired = (await inventory.ports.products.findByHandles(['quoted'])).get('quoted')
  const body = { status: 'retired' }
  await inventory.request('PATCH', `/v1/products/${retired?.id}`, { as: operator, body })
})
afterAll(async () => {
  await elsewhere.stop()
  await inventory.stop()
  await backends.stop()
})

const contents = async () => {
  const { jobs: _jobs, job_files: _files, ...rest } = await inventory.contents()
  return Object.entries(rest).filter(([name]) => !name.startsWith('job_contents'))
}

describe.each(formats)('products as %s', (format) => {
  test('come back as they went: nothing changes', async () => {
    const { text, job } = await exported(inventory, 'products', format)
    expect(job.progress).toMatchObject({ done: 3, failed: 0, totalBytes: Buffer.byteLength(text) })
    const before = await contents()
    const { job: back, errors } = await imported(inventory, text, { kind: 'products' })
    expect([back.status, back.progress.failed, errors]).toEqual(['completed', 0, []])
    expect(await contents()).toEqual(before)
  })

  test('go to another shop, those that have a handle', async () => {
    const { text } = await exported(inventory, 'products', format)
    const { errors } = await imported(elsewhere, text, { kind: 'products' })
    expect(errors.map(({ code }) => code)).toEqual(['INVENTORY_PRODUCT_NOT_FOUND'])
    const bare = async (one: InventoryUnderTest) => {
      const found = await one.ports.products.findByHandles(['awkward', 'quoted'])
      return [...found.values()]
        .filter((product, index, all) => all.indexOf(product) === index)
        .map(({ handle, title, description, status, variants }) => ({ handle, title, description, status, variants }))
        .toSorted((a, b) => (String(a.handle) < String(b.handle) ? -1 : 1))
    }
    expect(await bare(elsewhere)).toEqual(await bare(inventory))
  })
})

describe.each(formats)('stock as %s', (format) => {
  test('comes back as it went, also when something was sold meanwhile; an edit is the difference', async () => {
    const [sku, edited] = [await stocked(inventory, { berlin: 7 }), await stocked(inventory, { berlin: 7 })]
    const { text } = await exported(inventory, 'stock', format)
    await adjust(inventory, { sku, locationId: 'berlin', delta: -2, reason: 'lost' })
    await adjust(inventory, { sku: edited, locationId: 'berlin', delta: -2, reason: 'lost' })
    const before = await contents()
    await imported(inventory, text, { kind: 'stock' })
    expect(await contents()).toEqual(before)
    const counted =
      format === 'csv'
        ? text.replace(`${edited},berlin,7`, `${edited},berlin,10`)
        : text.replace(new RegExp(`("${edited}".*"counted":)7`), '$110')
    await imported(inventory, counted, { kind: 'stock' })
    expect([await shelvesOf(inventory, sku), await shelvesOf(inventory, edited)]).toEqual([
      ['berlin: 5 on hand, 5 available, 0 held'],
      ['berlin: 8 on hand, 8 available, 0 held'],
    ])
  })
})

test('an export says what it is and is no one else’s to keep', async () => {
  const { job, headers } = await exported(inventory, 'stock', 'csv')
  expect(headers).toMatchObject({
    'content-type': 'text/csv; charset=utf-8',
    'content-disposition': `attachment; filename="stock-${job.id}.csv"`,
    'cache-control': 'private, no-store',
  })
  const body = { kind: 'stock', format: 'csv' }
  const waiting = await inventory.request('POST', '/v1/exports', { as: operator, body })
  const result = await inventory.request('GET', `/v1/jobs/${Object(waiting.body).id}/result`, { as: operator })
  expect(result).toMatchObject({ status: 409, body: { code: 'INVENTORY_JOB_HAS_NO_RESULT' } })
  await inventory.app.jobs.run()
})

test('five thousand rows go in, out, and in again', async () => {
  const rows = Array.from({ length: 5000 }, (_, n) => `bulk-${n},Mug ${n},mugs,BULK-${n},Mug,100,EUR`)
  const text = `handle,title,category,sku,variantTitle,priceMinor,currency\n${rows.join('\n')}\n`
  expect((await imported(inventory, text, { kind: 'products' })).job.progress).toMatchObject({ done: 5000, failed: 0 })
  const counts = Array.from({ length: 5000 }, (_, n) => `BULK-${n},berlin,${n}`)
  const stock = await imported(inventory, `sku,locationId,counted\n${counts.join('\n')}\n`, { kind: 'stock' })
  expect(stock.job.progress).toMatchObject({ rows: 5000, done: 5000, failed: 0 })
  expect(await shelvesOf(inventory, 'BULK-4999')).toEqual(['berlin: 4999 on hand, 4999 available, 0 held'])
  const { text: out } = await exported(inventory, 'products', 'ndjson')
  const before = await contents()
  await imported(inventory, out, { kind: 'products' })
  expect(await contents()).toEqual(before)
})
