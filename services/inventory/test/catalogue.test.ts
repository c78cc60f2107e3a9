import { listCategoriesRoute, listProductsRoute, Product } from '@tradewind/contracts/catalogue'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { rangeIn } from '../src/http/images.route.ts'
import { type InventoryUnderTest, startInventory } from './inventory-under-test.ts'
import { addLocation, adjust, operator, variant } from './shop.ts'

let backends: Backends
let inventory: InventoryUnderTest
beforeAll(async () => {
  backends = await startBackends()
  const { mongodbUrl, natsUrl } = backends
  inventory = await startInventory({ mongodbUrl, natsUrl, database: backends.databaseName('catalogue') })
  await addLocation(inventory, 'berlin', 1)
})
afterAll(async () => {
  await inventory.stop()
  await backends.stop()
})

interface Shirt {
  readonly title?: string
  readonly category: string
  readonly status?: 'draft' | 'active'
  readonly variants: readonly { readonly attributes: Record<string, string>; readonly priceMinor?: number }[]
}

async function add({ title = 'Shirt', category, status = 'active', variants }: Shirt) {
  const body = {
    title,
    category,
    status,
    variants: variants.map(({ attributes, priceMinor = 1000 }) => ({
      ...variant(newId('sku'), priceMinor),
      attributes,
    })),
  }
  const answer = await inventory.request('POST', '/v1/products', { as: operator, body })
  expect(answer.status).toBe(201)
  return shaped(Product, answer.body)
}

const get = (url: string, headers: Record<string, string> = {}) => inventory.request('GET', url, { headers })
const idsIn = ({ body }: { body: unknown }) =>
  shaped(listProductsRoute.schema.response[200], body).items.map(({ id }) => id)

/** The body, once it is shown to have the contract's shape. */
function shaped<S extends TSchema>(schema: S, body: unknown): Static<S> {
  if (!Check(schema, body)) throw new Error(`not of the contract's shape: ${JSON.stringify(body)}`)
  return body
}

describe('filters', () => {
  test('ask for attributes of one and the same variant', async () => {
    const category = newId('shirts').replace('_', '-')
    const both = await add({ category, variants: [{ attributes: { colour: 'red', size: 'm' } }] })
    await add({
      category,
      variants: [{ attributes: { colour: 'red', size: 's' } }, { attributes: { colour: 'blue', size: 'm' } }],
    })
    const found = await get(`/v1/products?category=${category}&attribute=colour:red&attribute=size:m`)
    expect(idsIn(found)).toEqual([both.id])
  })

  test('keep to a range of prices, bounds included', async () => {
    const category = newId('prices').replace('_', '-')
    const [, middle] = [
      await add({ category, variants: [{ attributes: {}, priceMinor: 999 }] }),
      await add({ category, variants: [{ attributes: {}, priceMinor: 1000 }] }),
      await add({ category, variants: [{ attributes: {}, priceMinor: 1001 }] }),
    ]
    expect(idsIn(await get(`/v1/products?category=${category}&minPrice=1000&maxPrice=1000`))).toEqual([middle?.id])
  })

  test.each([
    'attribute=colour',
    'attribute=$where:1',
    'minPrice=-1',
    'maxPrice=1.5',
    'minPrice=01',
    'attribute[]=colour:red',
  ])('refuse %s', async (query) => {
    expect((await get(`/v1/products?${query}`)).status).toBe(400)
  })
})

describe('facets', () => {
  test('count each product once per value, and only what matches', async () => {
    const category = newId('facets').replace('_', '-')
    const red = { attributes: { colour: 'red' }, priceMinor: 500 }
    const blue = { attributes: { colour: 'blue' }, priceMinor: 2000 }
    await add({ category, variants: [red, { ...red, priceMinor: 700 }] })
    await add({ category, variants: [red, blue] })
    await add({ category, variants: [blue] })
    await add({ category, status: 'draft', variants: [red] })
    const { body } = await get(`/v1/facets?category=${category}`)
    expect(body).toEqual({
      total: 3,
      categories: [{ value: category, count: 3 }],
      attributes: [
        {
          name: 'colour',
          values: [
            { value: 'blue', count: 2 },
            { value: 'red', count: 2 },
          ],
        },
      ],
      price: { minMinor: 500, maxMinor: 2000 },
    })
  })

  test('of nothing are empty', async () => {
    const { body } = await get('/v1/facets?category=nothing-here')
    expect(body).toEqual({ total: 0, categories: [], attributes: [], price: null })
  })

  test('list the categories that have something on sale', async () => {
    const [sold, drafted] = ['sold', 'drafted'].map((name) => newId(name).replace('_', '-'))
    await add({ category: sold ?? '', variants: [{ attributes: {} }] })
    await add({ category: drafted ?? '', status: 'draft', variants: [{ attributes: {} }] })
    const { body } = await get('/v1/categories')
    const found = shaped(listCategoriesRoute.schema.response[200], body).items
    expect(found).toContainEqual({ id: sold, products: 1 })
    expect(found).not.toContainEqual(expect.objectContaining({ id: drafted }))
  })
})

describe('what operators see', () => {
  test('is drafts, too; customers do not', async () => {
    const category = newId('drafts').replace('_', '-')
    const { id } = await add({ category, status: 'draft', variants: [{ attributes: {} }] })
    expect(idsIn(await get(`/v1/products?category=${category}`))).toEqual([])
    expect((await get(`/v1/products/${id}`)).status).toBe(404)
    const managed = await inventory.request('GET', `/v1/catalogue/products?category=${category}`, { as: operator })
    expect(idsIn(managed)).toEqual([id])
    const retired = `/v1/catalogue/products?category=${category}&status=retired`
    expect(idsIn(await inventory.request('GET', retired, { as: operator }))).toEqual([])
    expect((await inventory.request('GET', `/v1/catalogue/products/${id}`, { as: operator })).status).toBe(200)
  })
})

describe('a read', () => {
  test('is answered 304 until the product or its stock changes', async () => {
    const { id, variants } = await add({ category: 'reads', variants: [{ attributes: {} }] })
    const first = await get(`/v1/products/${id}`)
    const etag = String(first.headers['etag'])
    expect(first.headers['cache-control']).toContain('public')
    const known = await get(`/v1/products/${id}`, { 'if-none-match': etag })
    expect([known.status, known.headers['etag']]).toEqual([304, etag])
    await adjust(inventory, { sku: variants[0]?.sku, locationId: 'berlin', delta: 3, reason: 'received' })
    const stocked = await get(`/v1/products/${id}`, { 'if-none-match': etag })
    expect(stocked.status).toBe(200)
    await inventory.request('PATCH', `/v1/products/${id}`, { as: operator, body: { title: 'New' } })
    const renamed = await get(`/v1/products/${id}`, { 'if-none-match': String(stocked.headers['etag']) })
    expect(renamed).toMatchObject({ status: 200, body: { title: 'New' } })
  })

  test.each(['/v1/products?category=reads', '/v1/facets?category=reads', '/v1/categories'])(
    'of %s, too',
    async (url) => {
      const { headers } = await get(url)
      expect((await get(url, { 'if-none-match': `"other", ${String(headers['etag'])}` })).status).toBe(304)
    },
  )

  test('gives an ETag that an edit can name, whatever the stock is', async () => {
    const { id, variants } = await add({ category: 'edits', variants: [{ attributes: {} }] })
    const etag = String((await get(`/v1/products/${id}`)).headers['etag'])
    await adjust(inventory, { sku: variants[0]?.sku, locationId: 'berlin', delta: 1, reason: 'received' })
    const edit = (title: string) =>
      inventory.request('PATCH', `/v1/products/${id}`, { as: operator, body: { title }, headers: { 'if-match': etag } })
    expect((await edit('First')).status).toBe(200)
    expect((await edit('Second')).status).toBe(412)
  })
})

test('a weight is kept with its variant', async () => {
  const body = { title: 'Stone', category: 'stones', variants: [{ ...variant(newId('sku')), weightGrams: 1200 }] }
  const created = await inventory.request('POST', '/v1/products', { as: operator, body })
  expect(created.body).toMatchObject({ variants: [{ weightGrams: 1200 }], images: [] })
})

test.each([
  [undefined, undefined],
  ['bytes=0-9', { start: 0, end: 10 }],
  ['bytes=90-', { start: 90, end: 100 }],
  ['bytes=-10', { start: 90, end: 100 }],
  ['bytes=-1000', { start: 0, end: 100 }],
  ['bytes=50-1000', { start: 50, end: 100 }],
  ['bytes=100-', 'unsatisfiable'],
  ['bytes=-0', 'unsatisfiable'],
  ['bytes=9-3', undefined],
  ['bytes=0-1,5-6', undefined],
  ['lines=1-2', undefined],
  ['bytes=-', undefined],
])('the range %s of a hundred bytes is %j', (header, expected) => {
  expect(rangeIn(header, 100)).toEqual(expected)
})
