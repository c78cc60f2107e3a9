import { catalogueRoutes } from '@tradewind/contracts/catalogue'
import { adjustStockRoute, inventoryRoutes } from '@tradewind/contracts/inventory'
import { jobRoutes } from '@tradewind/contracts/jobs'
import { permissionFor, type RouteContract } from '@tradewind/contracts/route'
import { newId } from '@tradewind/service-kit/ids'
import {
  badBodies,
  badPages,
  expectRefusal,
  faultsIn,
  forgedCursors,
  hostileBodies,
} from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import { addLocation, adjust, handle, operator, placed, shelvesOf, stocked, variant } from './shop.ts'

let backends: Backends
let inventory: InventoryUnderTest
beforeAll(async () => {
  backends = await startBackends()
  inventory = await startInventory({ ...backends, database: backends.databaseName('inventory') })
  await addLocation(inventory, 'berlin', 1)
})
afterAll(async () => {
  await inventory.stop()
  await backends.stop()
})

const customer = {}
const unknownProduct = () => `/v1/products/${newId('prd')}`
const goodProduct = { title: 'Mug', description: 'A mug.', category: 'mugs', variants: [variant('MUG-1')] }
const goodLocation = { id: 'turin', name: 'Turin', priority: 5 }
const goodAdjustment = { sku: 'MUG', locationId: 'berlin', delta: 1, reason: 'counted' }
const productFields = {
  title: 'text',
  description: 'text',
  category: 'text',
  variants: 'list',
  status: 'text',
} as const
const withKey = () => ({ 'idempotency-key': newId('key') })

/** Every route of the contract: a request that it takes, and who may not send it. */
const routes: Record<string, { url: () => string; body?: object; headers?: () => Record<string, string> }> = {
  'POST /v1/products': { url: () => '/v1/products', body: goodProduct },
  'PATCH /v1/products/:id': { url: unknownProduct, body: { title: 'Cup' } },
  'GET /v1/products/:id': { url: unknownProduct },
  'GET /v1/products': { url: () => '/v1/products' },
  'GET /v1/catalogue/products': { url: () => '/v1/catalogue/products' },
  'GET /v1/catalogue/products/:id': { url: () => `/v1/catalogue/products/${newId('prd')}` },
  'GET /v1/facets': { url: () => '/v1/facets' },
  'GET /v1/categories': { url: () => '/v1/categories' },
  'POST /v1/products/:id/images': { url: () => `/v1/products/${newId('prd')}/images` },
  'DELETE /v1/products/:id/images/:imageId': { url: () => `/v1/products/${newId('prd')}/images/${newId('img')}` },
  'GET /v1/images/:id': { url: () => `/v1/images/${newId('img')}` },
  'GET /v1/availability': { url: () => '/v1/availability?sku=MUG' },
  'GET /v1/locations': { url: () => '/v1/locations' },
  'POST /v1/locations': { url: () => '/v1/locations', body: goodLocation },
  'POST /v1/stock/adjustments': { url: () => '/v1/stock/adjustments', body: goodAdjustment, headers: withKey },
  'GET /v1/stock': { url: () => '/v1/stock?sku=MUG' },
  'PUT /v1/stock/policies/:sku': { url: () => '/v1/stock/policies/MUG', body: { policy: 'deny' } },
  'PUT /v1/stock/thresholds': {
    url: () => '/v1/stock/thresholds',
    body: { sku: 'MUG', locationId: 'berlin', threshold: 3 },
  },
  'POST /v1/stock/counts': {
    url: () => '/v1/stock/counts',
    body: { sku: 'MUG', locationId: 'berlin', counted: 3 },
    headers: withKey,
  },
  'POST /v1/stock/transfers': {
    url: () => '/v1/stock/transfers',
    body: { sku: 'MUG', fromLocationId: 'berlin', toLocationId: 'lyon', quantity: 1 },
    headers: withKey,
  },
  'GET /v1/stock/movements': { url: () => '/v1/stock/movements' },
  'GET /v1/stock/consistency': { url: () => '/v1/stock/consistency' },
  'POST /v1/stock/consistency': { url: () => '/v1/stock/consistency', body: { action: 'rebuild', dryRun: true } },
  'POST /v1/reservations/:orderId/extend': {
    url: () => `/v1/reservations/${newId('ord')}/extend`,
    body: { minutes: 5 },
  },
  'POST /v1/reservations/:orderId/release': {
    url: () => `/v1/reservations/${newId('ord')}/release`,
    body: { lines: [{ sku: 'MUG', quantity: 1 }] },
    headers: withKey,
  },
  'POST /v1/imports': { url: () => '/v1/imports?kind=products', headers: withKey },
  'POST /v1/exports': { url: () => '/v1/exports', body: { kind: 'stock', format: 'csv' } },
  'GET /v1/jobs': { url: () => '/v1/jobs' },
  'GET /v1/jobs/:id': { url: () => `/v1/jobs/${newId('job')}` },
  'GET /v1/jobs/:id/errors': { url: () => `/v1/jobs/${newId('job')}/errors` },
  'GET /v1/jobs/:id/result': { url: () => `/v1/jobs/${newId('job')}/result` },
  'POST /v1/jobs/:id/cancel': { url: () => `/v1/jobs/${newId('job')}/cancel` },
  'GET /v1/reservations/:orderId': { url: () => `/v1/reservations/${newId('ord')}` },
}

const contracts: readonly RouteContract[] = [...catalogueRoutes, ...inventoryRoutes, ...jobRoutes]

describe('every route of the contract', () => {
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`

  test('is answered by the service and named in these tests', () => {
    const declared = contracts.map(nameOf).toSorted()
    expect(inventory.app.routes.map(({ contract }) => nameOf(contract)).toSorted()).toEqual(declared)
    expect(Object.keys(routes).toSorted()).toEqual(declared)
  })

  test.each(
    contracts
      .filter(({ access }) => permissionFor(access) !== undefined)
      .map((route) => [nameOf(route), route] as const),
  )('%s is for operators only', async (name, { method }) => {
    const { url = () => '', body, headers = () => ({}) } = routes[name] ?? {}
    const request = { headers: headers(), ...(body !== undefined && { body }) }
    await expectRefusal(inventory, [method, url(), request], 401, 'UNAUTHENTICATED')
    await expectRefusal(inventory, [method, url(), { ...request, as: customer }], 403, 'FORBIDDEN')
    const forged = { ...request, headers: { ...headers(), authorization: 'Bearer e30.e30.e30' } }
    await expectRefusal(inventory, [method, url(), forged], 401, 'INVALID_TOKEN')
  })

  test.each(contracts.map((route) => [nameOf(route), route] as const))(
    '%s refuses a query that it does not know',
    async (name, { method }) => {
      const { url = () => '', body, headers = () => ({}) } = routes[name] ?? {}
      const address = `${url()}${url().includes('?') ? '&' : '?'}a[$ne]=1`
      const request = { as: operator, headers: headers(), ...(body !== undefined && { body }) }
      expect(await expectRefusal(inventory, [method, address, request], 400, 'INVALID_INPUT')).toEqual([
        '/query/a[$ne]',
      ])
    },
  )
})

describe('a body that is not right', () => {
  const addresses = {
    products: { method: 'POST', url: '/v1/products' },
    product: { method: 'PATCH', url: `/v1/products/${newId('prd')}` },
    locations: { method: 'POST', url: '/v1/locations' },
    adjustments: { method: 'POST', url: '/v1/stock/adjustments' },
  } as const
  const inVariant = (change: object) => ({ ...goodProduct, variants: [{ ...variant('MUG-1'), ...change }] })
  const priced = (amountMinor: unknown) => inVariant({ price: { amountMinor, currency: 'EUR' } })
  const more: [keyof typeof addresses, string, unknown, string][] = [
    ['products', 'a price below zero', priced(-1), '/variants/0/price/amountMinor'],
    ['products', 'a fraction of a cent', priced(1.5), '/variants/0/price/amountMinor'],
    ['products', 'a price in text', priced('2'), '/variants/0/price/amountMinor'],
    ['products', 'a price without bounds', priced(1e15), '/variants/0/price/amountMinor'],
    ['products', 'no price', inVariant({ price: null }), '/variants/0/price'],
    ['products', 'no currency', inVariant({ price: { amountMinor: 1 } }), '/variants/0/price/currency'],
    [
      'products',
      'a currency in small letters',
      inVariant({ price: { amountMinor: 1, currency: 'eur' } }),
      '/variants/0/price/currency',
    ],
    ['products', 'a SKU with a space', inVariant({ sku: 'A B' }), '/variants/0/sku'],
    ['products', 'an endless SKU', inVariant({ sku: 'A'.repeat(65) }), '/variants/0/sku'],
    [
      'products',
      'an attribute that is no text',
      inVariant({ attributes: { colour: 1 } }),
      '/variants/0/attributes/colour',
    ],
    ['products', 'units in a variant', inVariant({ available: 5 }), '/variants/0/available'],
    ['products', 'a category of two lines', { ...goodProduct, category: 'a\nb' }, '/category'],
    ['products', 'an endless title', { ...goodProduct, title: 'x'.repeat(201) }, '/title'],
    ['products', 'a product born retired', { ...goodProduct, status: 'retired' }, '/status'],
    ['products', 'an id', { ...goodProduct, id: newId('prd') }, '/id'],
    ['product', 'no change', {}, ''],
    ['product', 'another id', { id: newId('prd') }, '/id'],
    ['locations', 'capitals in an id', { ...goodLocation, id: 'Turin' }, '/id'],
    ['locations', 'a priority below zero', { ...goodLocation, priority: -1 }, '/priority'],
    ['locations', 'a priority above the highest', { ...goodLocation, priority: 1001 }, '/priority'],
    ['adjustments', 'nothing to adjust', { ...goodAdjustment, delta: 0 }, '/delta'],
    ['adjustments', 'more than a warehouse holds', { ...goodAdjustment, delta: 1_000_000_001 }, '/delta'],
    ['adjustments', 'a level instead of a change', { ...goodAdjustment, onHand: 5 }, '/onHand'],
  ]
  const generated = {
    products: badBodies(goodProduct, productFields, ['title', 'category', 'variants']),
    product: badBodies({ title: 'Cup' }, productFields, []),
    locations: badBodies(goodLocation, { id: 'text', name: 'text', priority: 'integer' }, ['id', 'name', 'priority']),
    adjustments: badBodies(goodAdjustment, { sku: 'text', locationId: 'text', delta: 'integer', reason: 'text' }, [
      'sku',
      'locationId',
      'delta',
      'reason',
    ]),
  }
  const names = ['products', 'product', 'locations', 'adjustments'] as const
  const cases = [
    ...names.flatMap((name) => generated[name].map((one) => [name, one.name, one.body, one.pointer] as const)),
    ...more,
  ].filter(([, name]) => name !== 'description ""')

  test.each(cases)('%s: %s is refused with a pointer', async (name, _what, body, pointer) => {
    const { method, url } = addresses[name]
    const request = { as: operator, body, headers: withKey() }
    expect(await expectRefusal(inventory, [method, url, request], 400, 'INVALID_INPUT')).toEqual([pointer])
  })

  const hostile = names.flatMap((name) => hostileBodies.map(([what, body, code]) => [name, what, body, code] as const))
  test.each(hostile)('%s: %s never gets as far as its fields', async (name, _what, body, code) => {
    const { method, url } = addresses[name]
    const before = await inventory.contents()
    const answer = await inventory.requestRaw(method, url, body, { as: operator, headers: withKey() })
    expect([answer.status, faultsIn(answer.body).code]).toEqual([400, code])
    expect(await inventory.contents()).toEqual(before)
  })

  test.each(names)('%s: none at all is refused', async (name) => {
    const { method, url } = addresses[name]
    await expectRefusal(inventory, [method, url, { as: operator, headers: withKey() }], 400, 'INVALID_INPUT')
  })

  test('a SKU that stands twice is refused with its place', async () => {
    const body = { ...goodProduct, variants: [variant('TWICE'), variant('TWICE')] }
    const pointers = await expectRefusal(
      inventory,
      ['POST', '/v1/products', { as: operator, body }],
      400,
      'INVENTORY_DUPLICATE_SKU',
    )
    expect(pointers).toEqual(['/variants/1/sku'])
  })
})

describe('an address that is not right', () => {
  test.each([
    ['GET', '/v1/products/1', '/params/id'],
    ['GET', '/v1/products/ord_0123456789abcdef0123456789abcdef', '/params/id'],
    ['GET', '/v1/products/[object%20Object]', '/params/id'],
    ['GET', '/v1/products/%24where', '/params/id'],
    ['PATCH', '/v1/products/PRD_1', '/params/id'],
    ['GET', '/v1/reservations/1', '/params/orderId'],
    ['GET', '/v1/reservations/__proto__', '/params/orderId'],
    ['GET', '/v1/availability', '/query/sku'],
    ['GET', '/v1/availability?sku=', '/query/sku'],
    ['GET', '/v1/availability?sku[$ne]=1', '/query/sku[$ne]'],
    ['GET', '/v1/stock?sku=a&sku=b', '/query/sku'],
    ['GET', '/v1/stock?sku=%24where%20x', '/query/sku'],
    ['GET', '/v1/products?sort=random', '/query/sort'],
    ['GET', '/v1/products?q=', '/query/q'],
    ['GET', `/v1/products?q=${'a'.repeat(101)}`, '/query/q'],
  ] as const)('%s %s', async (method, url, pointer) => {
    const request = { as: operator, ...(method === 'PATCH' && { body: { title: 'Cup' } }) }
    expect(await expectRefusal(inventory, [method, url, request], 400, 'INVALID_INPUT')).toContain(pointer)
  })

  test.each(badPages)('a page of products with %s', async (query, pointer) => {
    expect(await expectRefusal(inventory, ['GET', `/v1/products?${query}`], 400, 'INVALID_INPUT')).toContain(pointer)
  })

  test('a cursor that no page gave, in any order of the list', async () => {
    for (const sort of ['newest', 'title', 'price', '-price']) {
      for (const cursor of forgedCursors) {
        const url = `/v1/products?sort=${sort}&cursor=${cursor}`
        expect(await expectRefusal(inventory, ['GET', url], 400, 'INVALID_CURSOR')).toEqual(['/query/cursor'])
      }
    }
  })

  test.each([
    ['GET', '/v1/products/', undefined],
    ['PATCH', '/v1/products/', { title: 'Cup' }],
    ['GET', '/v1/reservations/', undefined],
  ] as const)('%s %s of nobody is not found', async (method, path, body) => {
    const id = newId(path.includes('products') ? 'prd' : 'ord')
    const request = { as: operator, ...(body !== undefined && { body }) }
    expect((await inventory.request(method, `${path}${id}`, request)).status).toBe(404)
  })
})

describe('a product', () => {
  const create = async (body: object) => {
    const answer = await inventory.request('POST', '/v1/products', { as: operator, body })
    expect(answer.status).toBe(201)
    const product: { id: string; version: number } = JSON.parse(JSON.stringify(answer.body))
    return { ...answer, id: product.id }
  }

  test('is created, announced and read by anybody', async () => {
    const sku = newId('sku')
    const { id, body, headers } = await create({
      ...goodProduct,
      variants: [{ ...variant(sku), attributes: { colour: 'red' } }],
    })
    expect(body).toEqual({
      id: expect.stringMatching(/^prd_[0-9a-f]{32}$/),
      title: 'Mug',
      images: [],
      description: 'A mug.',
      category: 'mugs',
      status: 'active',
      variants: [{ ...variant(sku), attributes: { colour: 'red' }, available: 0 }],
      version: 1,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    })
    expect(headers).toMatchObject({ etag: expect.stringMatching(/^"1-/), location: `/v1/products/${id}` })
    expect(await inventory.request('GET', `/v1/products/${id}`)).toMatchObject({
      status: 200,
      body,
      headers: { etag: expect.stringMatching(/^"1-/) },
    })
    await inventory.settle()
    expect(inventory.published.findLast(({ data }) => JSON.stringify(data).includes(id))).toMatchObject({
      type: 'inventory.product.upserted.v1',
      data: { productId: id, version: 1, status: 'active', variants: [{ sku, price: { amountMinor: 1000 } }] },
    })
  })

  test('is changed field by field, and only from the version that If-Match names', async () => {
    const { id } = await create({ ...goodProduct, variants: [variant(newId('sku'))] })
    const patch = (ifMatch: string | undefined, body: object) =>
      inventory.request('PATCH', `/v1/products/${id}`, {
        as: operator,
        body,
        headers: ifMatch === undefined ? {} : { 'if-match': ifMatch },
      })
    expect(await patch('"1"', { title: 'Cup' })).toMatchObject({
      status: 200,
      body: { title: 'Cup', description: 'A mug.', version: 2 },
      headers: { etag: expect.stringMatching(/^"2-/) },
    })
    for (const stale of ['"1"', '"3"', 'W/"2"', '2', '"two"', '']) {
      expect([stale, (await patch(stale, { title: 'Bowl' })).status]).toEqual([stale, 412])
    }
    expect(await patch('*', { title: 'Bowl' })).toMatchObject({ status: 200, body: { version: 3 } })
    expect(await patch(undefined, { title: 'Dish' })).toMatchObject({ status: 200, body: { version: 4 } })
  })

  test('refuses a SKU that another product has, when created and when changed', async () => {
    const sku = await stocked(inventory, {})
    const body = { ...goodProduct, variants: [variant(sku)] }
    await expectRefusal(inventory, ['POST', '/v1/products', { as: operator, body }], 409, 'INVENTORY_SKU_TAKEN')
    const { id } = await create({ ...goodProduct, variants: [variant(newId('sku'))] })
    const change = { as: operator, body: { variants: [variant(sku)] } }
    await expectRefusal(inventory, ['PATCH', `/v1/products/${id}`, change], 409, 'INVENTORY_SKU_TAKEN')
  })

  test('that is a draft or retired is shown to nobody', async () => {
    const { id } = await create({
      ...goodProduct,
      status: 'draft',
      category: 'drafts',
      variants: [variant(newId('sku'))],
    })
    const isListed = async () => (await listed('category=drafts')).length > 0
    expect([(await inventory.request('GET', `/v1/products/${id}`)).status, await isListed()]).toEqual([404, false])
    await inventory.request('PATCH', `/v1/products/${id}`, { as: operator, body: { status: 'active' } })
    expect([(await inventory.request('GET', `/v1/products/${id}`)).status, await isListed()]).toEqual([200, true])
    await inventory.request('PATCH', `/v1/products/${id}`, { as: operator, body: { status: 'retired' } })
    expect([(await inventory.request('GET', `/v1/products/${id}`)).status, await isListed()]).toEqual([404, false])
  })
})

interface Page {
  items: { id: string; title: string; variants: { price: { amountMinor: number } }[] }[]
  nextCursor: string | null
}

async function page(query: string): Promise<Page> {
  const answer = await inventory.request('GET', `/v1/products?${query}`)
  expect([query, answer.status]).toEqual([query, 200])
  return JSON.parse(JSON.stringify(answer.body))
}

const listed = async (query: string) => (await page(query)).items.map(({ title }) => title)

describe('the catalogue', () => {
  const category = 'tableware'
  const add = (title: string, amountMinor: number, description = '') =>
    inventory.request('POST', '/v1/products', {
      as: operator,
      body: { title, description, category, variants: [variant(newId('sku'), amountMinor)] },
    })
  beforeAll(async () => {
    await add('Blue Café Cup', 900, 'For espresso.')
    await add('Red Café Cup', 700)
    await add('Teapot', 4900, 'Blue glaze')
    await add('Ähre Bowl', 900)
    await add('Spoon', 300)
  })

  test.each([
    ['q=cup', ['Red Café Cup', 'Blue Café Cup']],
    ['q=cafe', ['Red Café Cup', 'Blue Café Cup']],
    ['q=CAF%C3%89', ['Red Café Cup', 'Blue Café Cup']],
    ['q=blue', ['Teapot', 'Blue Café Cup']],
    ['q=blu%20cu', ['Blue Café Cup']],
    ['q=espresso', ['Blue Café Cup']],
    ['q=ahre', ['Ähre Bowl']],
    ['q=up', []],
    ['q=.*', ['Spoon', 'Ähre Bowl', 'Teapot', 'Red Café Cup', 'Blue Café Cup']],
    ['q=nothing', []],
  ])('is searched by the beginnings of words: %s', async (query, titles) => {
    expect(await listed(`category=${category}&${query}`)).toEqual(titles)
  })

  test.each([
    ['newest', ['Spoon', 'Ähre Bowl', 'Teapot', 'Red Café Cup', 'Blue Café Cup']],
    ['title', ['Blue Café Cup', 'Red Café Cup', 'Spoon', 'Teapot', 'Ähre Bowl']],
    ['price', ['Spoon', 'Red Café Cup', 'Blue Café Cup', 'Ähre Bowl', 'Teapot']],
    ['-price', ['Teapot', 'Ähre Bowl', 'Blue Café Cup', 'Red Café Cup', 'Spoon']],
  ])('is sorted by %s, all at once or page by page', async (sort, titles) => {
    expect(await listed(`category=${category}&sort=${sort}`)).toEqual(titles)
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { items, nextCursor } = await page(
        `category=${category}&sort=${sort}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`,
      )
      expect(items.length).toBeLessThanOrEqual(2)
      found.push(...items.map(({ title }) => title))
      cursor = nextCursor
    }
    expect(found).toEqual(titles)
  })

  test('is filtered by category', async () => {
    expect(await listed('category=nowhere')).toEqual([])
    expect((await page(`category=${category}`)).nextCursor).toBeNull()
  })

  test('does not take a cursor of another order', async () => {
    const { nextCursor } = await page(`category=${category}&sort=title&limit=2`)
    for (const sort of ['newest', 'price', '-price']) {
      const url = `/v1/products?sort=${sort}&cursor=${nextCursor}`
      expect(await expectRefusal(inventory, ['GET', url], 400, 'INVALID_CURSOR')).toEqual(['/query/cursor'])
    }
  })

  test('shows every product once while others are added', async () => {
    const growing = 'growing'
    const addTo = (title: string) =>
      inventory.request('POST', '/v1/products', {
        as: operator,
        body: { title, category: growing, variants: [variant(newId('sku'))] },
      })
    for (const title of ['A', 'B', 'C', 'D', 'E', 'F']) await addTo(title)
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { items, nextCursor } = await page(`category=${growing}&limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      found.push(...items.map(({ title }) => title))
      await addTo('new')
      cursor = nextCursor
    }
    expect(found).toEqual(['F', 'E', 'D', 'C', 'B', 'A'])
  })
})

describe('stock', () => {
  test('is seen by anybody as what can be ordered, by operators as what stands where', async () => {
    await addLocation(inventory, 'lyon', 2)
    const sku = await stocked(inventory, { lyon: 2, berlin: 3 })
    await handle(inventory, placed(newId('ord'), { sku, quantity: 1 }))
    const availability = await inventory.request('GET', `/v1/availability?sku=${sku}&sku=NOBODY&sku=${sku}`)
    expect(availability).toMatchObject({ status: 200 })
    expect(availability.body).toEqual({
      items: [
        { sku, available: 4, policy: 'deny' },
        { sku: 'NOBODY', available: 0, policy: 'deny' },
      ],
    })
    expect((await inventory.request('GET', `/v1/stock?sku=${sku}`, { as: operator })).body).toEqual({
      items: [
        { sku, locationId: 'berlin', onHand: 3, available: 2, held: 1, backordered: 0 },
        { sku, locationId: 'lyon', onHand: 2, available: 2, held: 0, backordered: 0 },
      ],
      nextCursor: null,
    })
    expect((await inventory.request('GET', '/v1/stock?sku=NOBODY', { as: operator })).body).toEqual({
      items: [],
      nextCursor: null,
    })
  })

  test('stands at locations, which are listed by priority and have one id each', async () => {
    const body = { id: 'aachen', name: 'Aachen', priority: 9 }
    expect(await inventory.request('POST', '/v1/locations', { as: operator, body })).toMatchObject({
      status: 201,
      body,
    })
    const again = { as: operator, body: { ...body, priority: 0 } }
    await expectRefusal(inventory, ['POST', '/v1/locations', again], 409, 'INVENTORY_LOCATION_EXISTS')
    const { body: found } = await inventory.request('GET', '/v1/locations')
    const { items }: { items: { id: string; priority: number }[] } = JSON.parse(JSON.stringify(found))
    expect(items.map(({ priority }) => priority)).toEqual(
      items.map(({ priority }) => priority).toSorted((a, b) => a - b),
    )
    expect(items).toContainEqual(body)
  })

  test('of an order is read by operators', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const orderId = newId('ord')
    await handle(inventory, placed(orderId, { sku, quantity: 2 }))
    const answer = await inventory.request('GET', `/v1/reservations/${orderId}`, { as: operator })
    expect(answer).toMatchObject({ status: 200 })
    expect(answer.body).toEqual({
      orderId,
      status: 'held',
      allocations: [{ sku, locationId: 'berlin', quantity: 2 }],
      expiresAt: expect.any(String),
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    })
  })
})

describe('an adjustment', () => {
  const path = adjustStockRoute.path
  const berlin = (sku: string, delta: number) => ({ sku, locationId: 'berlin', delta, reason: 'counted' })

  test('answers with what is on hand afterwards and is announced', async () => {
    const sku = await stocked(inventory, { berlin: 5 })
    expect(await adjust(inventory, berlin(sku, -2))).toMatchObject({
      status: 201,
      body: { sku, locationId: 'berlin', onHand: 3, available: 3 },
    })
    await inventory.settle()
    expect(inventory.published.findLast(({ type }) => type === 'inventory.stock.adjusted.v1')?.data).toEqual({
      ...berlin(sku, -2),
      onHand: 3,
      available: 3,
    })
  })

  test('counts once per key and caller, now, in a race, and long after the ledger has it', async () => {
    const sku = await stocked(inventory, { berlin: 5 })
    const as = { userId: newId('usr'), roles: ['operator'] }
    const key = newId('key')
    const first = { status: 201, body: { sku, locationId: 'berlin', onHand: 6, available: 6 } }
    const answers = await Promise.all(Array.from({ length: 10 }, () => adjust(inventory, berlin(sku, 1), key, as)))
    for (const answer of answers) expect(answer).toMatchObject(first)
    expect(answers.filter(({ headers }) => headers['idempotent-replayed'] === undefined)).toHaveLength(1)

    await adjust(inventory, berlin(sku, 3), newId('key'), as)
    inventory.clock.now = new Date(inventory.clock.now.getTime() + 60 * 60_000)
    await inventory.app.archiveMovements()
    await adjust(inventory, berlin(sku, 1), newId('key'), as)
    const replay = await adjust(inventory, berlin(sku, 1), key, as)
    expect(replay).toMatchObject({ ...first, headers: { 'idempotent-replayed': 'true' } })
    expect(await shelvesOf(inventory, sku)).toEqual(['berlin: 10 on hand, 10 available, 0 held'])
  })

  test('of another caller has its own keys', async () => {
    const sku = await stocked(inventory, { berlin: 5 })
    const key = newId('key')
    for (const onHand of [6, 7]) {
      const answer = await adjust(inventory, berlin(sku, 1), key, { ...operator, userId: newId('usr') })
      expect(answer).toMatchObject({ status: 201, body: { onHand } })
      expect(answer.headers).not.toHaveProperty('idempotent-replayed')
    }
  })

  test('refuses a key that stood for something else', async () => {
    const sku = await stocked(inventory, { berlin: 5 })
    const as = { userId: newId('usr'), roles: ['operator'] }
    const key = newId('key')
    await adjust(inventory, berlin(sku, 1), key, as)
    for (const other of [berlin(sku, 2), { ...berlin(sku, 1), reason: 'found' }]) {
      const request = { as, body: other, headers: { 'idempotency-key': key } }
      await expectRefusal(inventory, ['POST', path, request], 422, 'IDEMPOTENCY_KEY_REUSED')
    }
  })

  test('that was refused is no replay when it succeeds later', async () => {
    const sku = await stocked(inventory, { berlin: 1 })
    const as = { userId: newId('usr'), roles: ['operator'] }
    const key = newId('key')
    expect(await adjust(inventory, berlin(sku, -2), key, as)).toMatchObject({
      status: 409,
      body: { code: 'INVENTORY_NOT_ENOUGH_STOCK' },
    })
    await adjust(inventory, berlin(sku, 4))
    const second = await adjust(inventory, berlin(sku, -2), key, as)
    expect(second).toMatchObject({ status: 201, body: { onHand: 3 } })
    expect(second.headers).not.toHaveProperty('idempotent-replayed')
    expect((await adjust(inventory, berlin(sku, -2), key, as)).headers['idempotent-replayed']).toBe('true')
  })

  test('refuses to take what is held', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    await handle(inventory, placed(newId('ord'), { sku, quantity: 2 }))
    expect((await adjust(inventory, berlin(sku, -2))).status).toBe(409)
    expect((await adjust(inventory, berlin(sku, -1))).status).toBe(201)
  })

  test('refuses a SKU and a location that nobody knows', async () => {
    const sku = await stocked(inventory, { berlin: 3 })
    const send = (body: unknown) => ['POST', path, { as: operator, body, headers: withKey() }] as const
    await expectRefusal(inventory, send(berlin('NOBODY', 1)), 404, 'INVENTORY_SKU_NOT_FOUND')
    const elsewhere = { ...berlin(sku, 1), locationId: 'nowhere' }
    await expectRefusal(inventory, send(elsewhere), 404, 'INVENTORY_LOCATION_NOT_FOUND')
  })

  test.each([
    ['no key', {}],
    ['an empty key', { 'idempotency-key': '' }],
    ['a key with a space', { 'idempotency-key': 'a b' }],
    ['an endless key', { 'idempotency-key': 'k'.repeat(256) }],
  ])('needs a key: %s', async (_name, headers) => {
    const request = { as: operator, body: goodAdjustment, headers }
    expect(await expectRefusal(inventory, ['POST', path, request], 400, 'INVALID_INPUT')).toEqual([
      '/headers/idempotency-key',
    ])
  })
})
