import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { leaseMs } from '../src/domain/job.ts'
import { errorsOf, exported, imported, inPieces, jobOf, queue, upload } from './import-files.ts'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import { addLocation, expectStockAddsUp, operator, shelvesOf, stocked, variant } from './shop.ts'

let backends: Backends
let inventory: InventoryUnderTest
beforeAll(async () => {
  backends = await startBackends()
  inventory = await startInventory({ ...backends, database: backends.databaseName('jobs') })
  await addLocation(inventory, 'berlin', 1)
  await addLocation(inventory, 'lyon', 2)
})
afterAll(async () => {
  await inventory.stop()
  await backends.stop()
})

const header = 'handle,title,description,category,status,sku,variantTitle,priceMinor,currency,weightGrams,attr:colour'
const fresh = (prefix: string) => newId(prefix).replace('_', '-')
const csv = (...rows: readonly string[]) => [header, ...rows, ''].join('\n')
const line = (handle: string, sku: string, more: object = {}) =>
  JSON.stringify({ handle, title: 'Mug', category: 'mugs', variants: [variant(sku)], ...more })

const productOf = async (handle: string) => (await inventory.ports.products.findByHandles([handle])).get(handle)
const without = async (...names: readonly string[]) =>
  Object.fromEntries(Object.entries(await inventory.contents()).filter(([name]) => !names.includes(name)))

describe('an import of products', () => {
  test('takes CSV: rows of one handle are the variants of one product', async () => {
    const [handle, small, large] = [fresh('shirt'), fresh('sku'), fresh('sku')]
    const text = csv(
      `${handle},Shirt,"Soft,\nand ""warm""",shirts,draft,${small},Small,1000,EUR,200,red`,
      `${handle},,,,,${large},Large,1200,EUR,,blue`,
    )
    const { job, errors } = await imported(inventory, text, { kind: 'products' })
    expect([job.status, job.progress, errors]).toEqual([
      'completed',
      { rows: 2, done: 2, failed: 0, totalBytes: text.length, readBytes: text.length },
      [],
    ])
    expect(await productOf(handle)).toMatchObject({
      handle,
      title: 'Shirt',
      description: 'Soft,\nand "warm"',
      category: 'shirts',
      status: 'draft',
      variants: [
        { sku: small, title: 'Small', price: { amountMinor: 1000, currency: 'EUR' }, weightGrams: 200 },
        { sku: large, title: 'Large', attributes: { colour: 'blue' } },
      ],
      version: 1,
    })
  })

  test('takes NDJSON: one product a line, as the route takes it', async () => {
    const [handle, sku] = [fresh('mug'), fresh('sku')]
    const text = `\uFEFF${line(handle, sku)}\r\n\n  \n${line(fresh('mug'), fresh('sku'), { status: 'draft' })}`
    const { job } = await imported(inventory, text, { kind: 'products', type: 'application/x-ndjson' })
    expect([job.status, job.progress]).toMatchObject(['completed', { rows: 2, done: 2, failed: 0 }])
    expect(await productOf(handle)).toMatchObject({ status: 'active', description: '', variants: [{ sku }] })
  })

  test('changes what is there, and nothing when it is there already', async () => {
    const [handle, sku] = [fresh('mug'), fresh('sku')]
    await imported(inventory, line(handle, sku, { description: 'Blue' }), { kind: 'products' })
    const first = await productOf(handle)
    const renamed = line(handle, sku, { title: 'Cup' })
    await imported(inventory, renamed, { kind: 'products' })
    const second = await productOf(handle)
    expect(second).toMatchObject({ id: first?.id, title: 'Cup', description: 'Blue', version: 2 })
    const before = await without('jobs', 'job_files')
    expect((await imported(inventory, renamed, { kind: 'products' })).job.progress.done).toBe(1)
    expect(await without('jobs', 'job_files')).toEqual(before)
  })

  test('finds a product without a handle by its id, and no other', async () => {
    const sku = await stocked(inventory, {})
    const id = (await inventory.ports.products.ownersOf([sku])).get(sku) ?? ''
    const unknown = newId('prd')
    const text = [line(id, sku, { title: 'Named' }), line(unknown, fresh('sku'))].join('\n')
    const { errors } = await imported(inventory, text, { kind: 'products' })
    expect(errors).toEqual([
      {
        row: 2,
        pointer: '/handle',
        code: 'INVENTORY_PRODUCT_NOT_FOUND',
        detail: 'There is no product with this id.',
      },
    ])
    const found = await inventory.ports.products.find(id)
    expect([found?.title, found?.handle]).toEqual(['Named', undefined])
  })

  test('refuses rows one by one, says where and why, and takes the others', async () => {
    const [good, taken, other] = [fresh('good'), fresh('sku'), fresh('sku')]
    await imported(inventory, line(fresh('owner'), taken), { kind: 'products' })
    const text = csv(
      `${good},Good,,mugs,,${fresh('sku')},Mug,100,EUR,,`,
      `${fresh('bad')},,,mugs,gone,A B,Mug,1.50,EUR,,`,
      `${fresh('twice')},Twice,,mugs,,${other},Mug,100,EUR,,`,
      `${fresh('taken')},Taken,,mugs,,${fresh('sku')},Mug,100,EUR,,`,
      `${fresh('taken')},Taken,,mugs,,${taken},Mug,100,EUR,,`,
    )
    const { job, errors } = await imported(inventory, text, { kind: 'products' })
    expect([job.status, job.progress]).toMatchObject(['completed', { rows: 5, done: 3, failed: 2 }])
    expect(errors.map(({ row, pointer, code }) => [row, pointer, code])).toEqual([
      [3, '/title', 'INVALID_INPUT'],
      [3, '/status', 'INVALID_INPUT'],
      [3, '/sku', 'INVALID_INPUT'],
      [3, '/priceMinor', 'INVALID_INPUT'],
      [6, '/sku', 'INVENTORY_SKU_TAKEN'],
    ])
    expect(await productOf(good)).toBeDefined()
  })

  test('points at the row and the column of a later variant', async () => {
    const handle = fresh('mug')
    const sku = fresh('sku')
    const text = csv(
      `${handle},Mug,,mugs,,${sku},Mug,100,EUR,,`,
      `${handle},Cup,,,,${sku},Mug,x,eur,,${'r'.repeat(201)}`,
    )
    const first = await imported(inventory, text, { kind: 'products' })
    expect(first.errors.map(({ row, pointer }) => [row, pointer])).toEqual([[3, '/title']])
    const second = await imported(inventory, text.replace('Cup', ''), { kind: 'products' })
    expect(second.errors.map(({ row, pointer }) => [row, pointer])).toEqual([
      [3, '/attr:colour'],
      [3, '/priceMinor'],
      [3, '/currency'],
    ])
    const third = text.replace('Cup', '').replace('x,eur', '100,EUR').replace('r'.repeat(201), '')
    expect((await imported(inventory, third, { kind: 'products' })).errors).toEqual([
      { row: 3, pointer: '/sku', detail: 'stands twice', code: 'INVENTORY_DUPLICATE_SKU' },
    ])
  })

  test('lets a SKU go from one product to another in one file', async () => {
    const [first, second, sku] = [fresh('first'), fresh('second'), fresh('sku')]
    await imported(inventory, line(first, sku), { kind: 'products' })
    const text = [line(second, sku), line(first, fresh('sku'))].join('\n')
    expect((await imported(inventory, text, { kind: 'products' })).job.progress).toMatchObject({ done: 2, failed: 0 })
    expect((await productOf(second))?.variants[0]?.sku).toBe(sku)
  })
})

describe('an import of stock', () => {
  test('counts and adjusts, once per row', async () => {
    const [mug, pen] = [await stocked(inventory, { berlin: 5 }), await stocked(inventory, {})]
    const text = `sku,locationId,counted,onHandWhenCounted,delta,reason\n${mug},berlin,7,,,\n${mug},lyon,,,4,received\n${pen},berlin,3,,,\n${pen},berlin,,,-1,damaged\n`
    const { job } = await imported(inventory, text, { kind: 'stock' })
    expect([job.status, job.progress]).toMatchObject(['completed', { rows: 4, done: 4 }])
    expect(await shelvesOf(inventory, mug)).toEqual([
      'berlin: 7 on hand, 7 available, 0 held',
      'lyon: 4 on hand, 4 available, 0 held',
    ])
    expect(await shelvesOf(inventory, pen)).toEqual(['berlin: 2 on hand, 2 available, 0 held'])
    await expectStockAddsUp(inventory, mug, pen)
  })

  test('refuses what the routes refuse', async () => {
    const sku = await stocked(inventory, { berlin: 1 })
    const rows = [
      { sku: 'NOBODY', locationId: 'berlin', counted: 1 },
      { sku, locationId: 'nowhere', counted: 1 },
      { sku, locationId: 'berlin', delta: -2, reason: 'lost' },
      { sku, locationId: 'berlin', delta: 0, reason: 'lost' },
      { sku, locationId: 'berlin', delta: 1 },
      { sku, locationId: 'berlin' },
      { sku, locationId: 'berlin', counted: 1, delta: 1, reason: 'lost' },
      { sku, locationId: 'berlin', counted: '1' },
    ]
    const { job, errors } = await imported(inventory, rows.map((row) => JSON.stringify(row)).join('\n'), {
      kind: 'stock',
    })
    expect(job.progress).toMatchObject({ done: 0, failed: rows.length })
    expect(
      [...new Map(errors.map(({ row, pointer, code }) => [row, [row, pointer, code]])).values()].map((one) => one),
    ).toEqual([
      [1, '/sku', 'INVENTORY_SKU_NOT_FOUND'],
      [2, '/locationId', 'INVENTORY_LOCATION_NOT_FOUND'],
      [3, undefined, 'INVENTORY_NOT_ENOUGH_STOCK'],
      [4, '/delta', 'INVALID_INPUT'],
      [5, '/reason', 'INVALID_INPUT'],
      [6, '/counted', 'INVALID_INPUT'],
      [7, '/counted', 'INVALID_INPUT'],
      [8, '/counted', 'INVALID_INPUT'],
    ])
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 1 on hand, 1 available, 0 held'])
  })
})

describe('a request', () => {
  test('that is repeated with its key is one job, and says so', async () => {
    const as = { userId: newId('usr'), roles: ['operator'] }
    const request = { kind: 'products', key: 'one', as } as const
    const text = line(fresh('mug'), fresh('sku'))
    const first = await upload(inventory, text, request)
    await inventory.app.jobs.run()
    const again = await upload(inventory, text, request)
    expect([again.status, again.body]).toEqual([202, first.body])
    expect([first.headers['idempotent-replayed'], again.headers['idempotent-replayed']]).toEqual([undefined, 'true'])
    for (const [other, changed] of [
      [`${text}\n`, {}],
      [text, { dryRun: true }],
      [text, { kind: 'stock' as const }],
    ] as const) {
      expect(await upload(inventory, other, { ...request, ...changed })).toMatchObject({
        status: 422,
        body: { code: 'IDEMPOTENCY_KEY_REUSED' },
      })
    }
    const stranger = { ...request, as: operator }
    expect((await upload(inventory, text, stranger)).body).not.toEqual(first.body)
    await inventory.app.jobs.run()
  })

  test.each([
    ['application/json', 415],
    ['text/plain', 415],
    ['multipart/form-data; boundary=x', 415],
    ['text/csv; charset=utf-8', 202],
  ])('of type %s is answered %i', async (type, status) => {
    expect((await upload(inventory, csv(), { kind: 'products', type })).status).toBe(status)
    await inventory.app.jobs.run()
  })

  test('without a body is refused', async () => {
    const headers = { 'idempotency-key': newId('key') }
    const answer = await inventory.request('POST', '/v1/imports?kind=stock', { as: operator, headers })
    expect(answer.status).toBe(400)
  })
})

describe('a dry run', () => {
  test('of products judges every row and writes nothing but the job and its errors', async () => {
    const [taken, shared] = [fresh('sku'), fresh('sku')]
    await imported(inventory, line(fresh('owner'), taken), { kind: 'products' })
    const before = await without('jobs', 'job_errors', 'job_files')
    const text = [
      line(fresh('good'), shared),
      line(fresh('bad'), fresh('sku'), { title: '' }),
      line(fresh('taken'), taken),
      line(fresh('double'), shared),
    ].join('\n')
    const { job, errors } = await imported(inventory, text, { kind: 'products', dryRun: true })
    expect([job.status, job.dryRun, job.progress]).toMatchObject(['completed', true, { rows: 4, done: 1, failed: 3 }])
    expect(errors.map(({ row, pointer }) => [row, pointer])).toEqual([
      [2, '/title'],
      [3, '/variants/0/sku'],
      [4, '/variants/0/sku'],
    ])
    expect(await without('jobs', 'job_errors', 'job_files')).toEqual(before)
  })

  test('of stock knows SKUs and locations, and moves nothing', async () => {
    const sku = await stocked(inventory, { berlin: 1 })
    const before = await without('jobs', 'job_errors', 'job_files')
    const text = `sku,locationId,counted\n${sku},berlin,5\n${sku},nowhere,5\nNOBODY,berlin,5\n`
    const { job, errors } = await imported(inventory, text, { kind: 'stock', dryRun: true })
    expect(job.progress).toMatchObject({ rows: 3, done: 1, failed: 2 })
    expect(errors.map(({ row, pointer }) => [row, pointer])).toEqual([
      [3, '/locationId'],
      [4, '/sku'],
    ])
    expect(await without('jobs', 'job_errors', 'job_files')).toEqual(before)
  })
})

describe('a file that is not what it says', () => {
  const good = (n: number) => `mug-${n},Mug,,mugs,,BROKEN-${n},Mug,100,EUR,,`
  const cases: readonly (readonly [string, string | Buffer, string, number | undefined])[] = [
    ['nothing', '', 'INVENTORY_FILE_BAD_HEADER', 1],
    ['a header that lacks a column', 'handle,title\na,b\n', 'INVENTORY_FILE_BAD_HEADER', 1],
    ['a column that nobody knows', `${header},price\n`, 'INVENTORY_FILE_BAD_HEADER', 1],
    ['a column twice', `${header},title\n`, 'INVENTORY_FILE_BAD_HEADER', 1],
    ['semicolons', `${header.replaceAll(',', ';')}\n`, 'INVENTORY_FILE_BAD_HEADER', 1],
    ['more columns than are read', `${'a,'.repeat(1001)}\n`, 'INVENTORY_FILE_BAD_HEADER', 1],
    ['a row with a cell too many', csv(good(1), `${good(2)},more`), 'INVENTORY_FILE_BAD_ROW', 3],
    ['a quote that is never closed', csv(good(1), 'mug-2,"Mug,', good(3)), 'INVENTORY_FILE_BAD_ROW', 3],
    ['a quote in the middle', csv(good(1), 'mug-2,M"ug"s,,,,,,,,,'), 'INVENTORY_FILE_BAD_ROW', 3],
    ['an endless row', csv(good(1), good(2).replace('Mug', 'x'.repeat(70_000))), 'INVENTORY_FILE_LINE_TOO_LONG', 3],
    ['an endless quote', csv(good(1), `mug-2,"${'Mug,\n'.repeat(20_000)}`), 'INVENTORY_FILE_LINE_TOO_LONG', 3],
    ['Latin-1', Buffer.from(csv(good(1), good(2).replace('Mug', 'Mög')), 'latin1'), 'INVENTORY_FILE_NOT_UTF8', 3],
    ['UTF-16', Buffer.from(`\uFEFF${csv(good(1))}`, 'utf16le'), 'INVENTORY_FILE_NOT_UTF8', 1],
    ['half a character at its end', Buffer.from(csv(good(1), 'mug-2ö')).subarray(0, -2), 'INVENTORY_FILE_NOT_UTF8', 3],
    ['a handle in two places', csv(good(1), good(2), good(1)), 'INVENTORY_FILE_HANDLE_TWICE', 4],
    ['half a line', `${line('mug-1', 'BROKEN-1')}\n{"handle":`, 'INVENTORY_FILE_BAD_ROW', 2],
    ['text among the lines', `${line('mug-1', 'BROKEN-1')}\nmug`, 'INVENTORY_FILE_BAD_ROW', 2],
    ['a line of megabytes', `{}\n{"a":"${'x'.repeat(5_000_000)}"}`, 'INVENTORY_FILE_LINE_TOO_LONG', 2],
    ['a line that comes twice', `${line('m', 'BROKEN-1')}\n${line('m', 'BROKEN-1')}`, 'INVENTORY_FILE_HANDLE_TWICE', 2],
  ]

  test.each(cases)(
    '%s: fails as a whole, names the row, and nothing of it is in',
    async (_what, content, code, row) => {
      const before = await without('jobs', 'job_files')
      const type = content.toString().startsWith('{') ? 'application/x-ndjson' : 'text/csv'
      const id = await queue(inventory, content, { kind: 'products', type })
      await inventory.app.jobs.run()
      const job = await jobOf(inventory, id)
      expect([job.status, job.failure?.code, job.failure?.row]).toEqual(['failed', code, row])
      expect(job.failure?.detail.length).toBeGreaterThan(10)
      expect(await without('jobs', 'job_files')).toEqual(before)
      expect((await inventory.contents())['job_contents.chunks'] ?? []).toEqual([])
    },
  )

  test.each([
    ['an operator of the database', '{"$where":"1"}', 'FORBIDDEN_KEY'],
    ['a prototype', '{"__proto__":{"a":1}}', 'FORBIDDEN_KEY'],
    ['a list', '[]', 'INVALID_INPUT'],
    ['nothing', 'null', 'INVALID_INPUT'],
    ['depth', '['.repeat(100_000) + ']'.repeat(100_000), 'BODY_TOO_DEEP'],
    ['half a character', line('half', 'HALF', { title: 'x' }).replace('"x"', String.raw`"\ud800"`), 'INVALID_INPUT'],
  ])('a line that is %s is refused like any other', async (_what, text, code) => {
    const { job, errors } = await imported(inventory, text, { kind: 'products', type: 'application/x-ndjson' })
    expect([job.status, job.progress.failed, errors[0]?.code]).toEqual(['completed', 1, code])
  })
})

describe('a job', () => {
  test('that waits is cancelled at once, and its file is gone', async () => {
    const id = await queue(inventory, line(fresh('mug'), fresh('sku')), { kind: 'products' })
    const cancel = () => inventory.request('POST', `/v1/jobs/${id}/cancel`, { as: operator })
    expect(await cancel()).toMatchObject({ status: 202, body: { status: 'cancelled' } })
    expect(await cancel()).toMatchObject({ status: 202, body: { status: 'cancelled' } })
    await inventory.app.jobs.run()
    expect((await jobOf(inventory, id)).progress.done).toBe(0)
    expect((await inventory.contents())['job_contents.chunks'] ?? []).toEqual([])
  })

  test('that has ended cannot be cancelled', async () => {
    const { job } = await imported(inventory, line(fresh('mug'), fresh('sku')), { kind: 'products' })
    const answer = await inventory.request('POST', `/v1/jobs/${job.id}/cancel`, { as: operator })
    expect(answer).toMatchObject({ status: 409, body: { code: 'INVENTORY_JOB_ENDED' } })
  })

  test('is listed, newest first, page by page', async () => {
    const ids = []
    for (let n = 0; n < 3; n += 1) ids.unshift(await queue(inventory, csv(), { kind: 'products' }))
    await inventory.app.jobs.run()
    const get = (url: string) => inventory.request('GET', url, { as: operator })
    const first = await get('/v1/jobs?limit=2')
    expect(first.body).toMatchObject({ items: ids.slice(0, 2).map((id) => ({ id })) })
    const { nextCursor } = Object(first.body)
    expect((await get(`/v1/jobs?limit=1&cursor=${nextCursor}`)).body).toMatchObject({ items: [{ id: ids[2] }] })
    expect((await get('/v1/jobs?cursor=WzFd')).status).toBe(400)
    expect((await get(`/v1/jobs/${newId('job')}`)).status).toBe(404)
  })

  test('gives its errors page by page', async () => {
    const text = Array.from({ length: 5 }, () => '{"a":1}').join('\n')
    const { job, errors } = await imported(inventory, text, { kind: 'stock' })
    const pages = []
    for (let cursor = ''; ; ) {
      const { body } = await inventory.request('GET', `/v1/jobs/${job.id}/errors?limit=4${cursor}`, { as: operator })
      const { items, nextCursor } = Object(body)
      pages.push(...items)
      if (nextCursor === null) break
      cursor = `&cursor=${nextCursor}`
    }
    expect(errors.length).toBeGreaterThan(10)
    expect(pages).toEqual(errors)
  })

  test('keeps so many errors and counts the others', async () => {
    const text = '{"a":1}\n'.repeat(3000)
    const { job } = await imported(inventory, text, { kind: 'stock' })
    expect(job.progress).toMatchObject({ rows: 3000, done: 0, failed: 3000 })
    const kept = await inventory.db.collection('job_errors').countDocuments({ jobId: job.id })
    expect(kept).toBeGreaterThanOrEqual(10_000)
    expect(kept).toBeLessThan(10_020)
  })

  test('is refused when too many wait', async () => {
    const waiting = await Promise.all(Array.from({ length: 100 }, () => queue(inventory, csv(), { kind: 'products' })))
    const answer = await upload(inventory, csv(), { kind: 'products' })
    expect([answer.status, answer.headers['retry-after']]).toEqual([429, '30'])
    for (const id of waiting) await inventory.request('POST', `/v1/jobs/${id}/cancel`, { as: operator })
  })

  test('goes after thirty days, with its errors and its file; a file without a job after an hour', async () => {
    const { job } = await imported(inventory, '{"a":1}', { kind: 'stock' })
    const result = await exported(inventory, 'stock', 'ndjson')
    await inventory.ports.jobFiles.save('orphan', newId('job'), inPieces('x', 1))
    const begin = inventory.clock.now
    const filesKept = async () => ((await inventory.contents())['job_files'] ?? []).length
    const before = await filesKept()
    inventory.clock.now = new Date(begin.getTime() + 2 * 3600_000)
    await inventory.app.jobs.sweep()
    expect(await filesKept()).toBe(before - 1)
    inventory.clock.now = new Date(begin.getTime() + 31 * 24 * 3600_000)
    await inventory.app.jobs.sweep()
    expect(await filesKept()).toBe(0)
    expect(await inventory.db.collection('job_errors').countDocuments({ jobId: job.id })).toBe(0)
    for (const { id } of [job, result.job]) {
      expect((await inventory.request('GET', `/v1/jobs/${id}`, { as: operator })).status).toBe(404)
    }
    inventory.clock.now = begin
  })
})

test('an upload that breaks off leaves nothing behind', async () => {
  const before = await inventory.contents()
  async function* broken() {
    yield Buffer.alloc(600_000, 'a')
    throw new Error('the client went away')
  }
  await expect(inventory.ports.jobFiles.save('broken', newId('job'), broken())).rejects.toThrow('went away')
  expect(await inventory.contents()).toEqual(before)
})

test('a job whose worker was silent for long is taken over, and given up when that helps nothing', async () => {
  const id = await queue(inventory, csv(), { kind: 'products' })
  const begin = inventory.clock.now
  const found = await inventory.ports.jobs.find(id)
  await inventory.ports.jobFiles.remove(found?.fileId ?? '')
  for (let n = 1; n <= 10; n += 1) {
    await expect(inventory.app.jobs.run()).rejects.toThrow('FileNotFound')
    inventory.clock.now = new Date(begin.getTime() + n * leaseMs)
  }
  await inventory.app.jobs.run()
  expect(await jobOf(inventory, id)).toMatchObject({ status: 'failed', failure: { code: 'INVENTORY_JOB_STUCK' } })
  expect(await errorsOf(inventory, id)).toEqual([])
  inventory.clock.now = begin
})
