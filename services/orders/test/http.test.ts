import { discountRoutes } from '@tradewind/contracts/discounts'
import { orderChangeRoutes } from '@tradewind/contracts/order-changes'
import { ordersRoutes } from '@tradewind/contracts/orders'
import { type Access, permissionFor } from '@tradewind/contracts/route'
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
import { type OrdersUnderTest, startOrders } from './orders-under-test.ts'
import { forSale, newCustomer, orderAfter, orderIn, place, product, readOrder, reports } from './participants.ts'

let backends: Backends
let orders: OrdersUnderTest
beforeAll(async () => {
  backends = await startBackends()
  orders = await startOrders({ ...backends, database: backends.databaseName('orders') })
})
afterAll(async () => {
  await orders.stop()
  await backends.stop()
})

const customer = newCustomer()
const operator = { roles: ['operator'] }
const good = { lines: [{ sku: 'MUG', quantity: 1 }], paymentMethod: 'pm_approve' }
const withKey = () => ({ 'idempotency-key': newId('key') })
const after = (...steps: readonly (keyof typeof reports)[]) => orderAfter(orders, customer, ...steps)

/** Every route of the contract, with a request that it takes. */
const unitsOfLine = { lineId: newId('oln'), quantity: 1 }
const [fulfilmentId, returnId] = [newId('ful'), newId('ret')]
const ofFulfilment = (id: string, verb: string) => `/v1/orders/${id}/fulfilments/${fulfilmentId}/${verb}`
const ofReturn = (id: string, verb: string) => `/v1/orders/${id}/returns/${returnId}/${verb}`
const received = { lines: [{ lineId: newId('oln'), restock: 1, writeOff: 0 }] }
const routes: Record<string, { url: (id: string) => string; body?: object; headers?: () => Record<string, string> }> = {
  'POST /v1/orders': { url: () => '/v1/orders', body: good, headers: withKey },
  'GET /v1/orders/:id': { url: (id) => `/v1/orders/${id}` },
  'GET /v1/orders': { url: () => '/v1/orders' },
  'POST /v1/orders/:id/cancel': { url: (id) => `/v1/orders/${id}/cancel`, body: {} },
  'GET /v1/orders/:id/timeline': { url: (id) => `/v1/orders/${id}/timeline` },
  'GET /v1/ops/sagas': { url: () => '/v1/ops/sagas' },
  'GET /v1/ops/sagas/:orderId': { url: (id) => `/v1/ops/sagas/${id}` },
  'POST /v1/ops/sagas/:orderId': { url: (id) => `/v1/ops/sagas/${id}`, body: { action: 'retry' } },
  'GET /v1/orders/:id/stream': { url: (id) => `/v1/orders/${id}/stream` },
  'POST /v1/orders/:id/fulfilments': {
    url: (id) => `/v1/orders/${id}/fulfilments`,
    body: { lines: [unitsOfLine] },
    headers: withKey,
  },
  'POST /v1/orders/:id/fulfilments/:fulfilmentId/ship': {
    url: (id) => ofFulfilment(id, 'ship'),
    body: {},
    headers: withKey,
  },
  'POST /v1/orders/:id/fulfilments/:fulfilmentId/deliver': { url: (id) => ofFulfilment(id, 'deliver') },
  'POST /v1/orders/:id/fulfilments/:fulfilmentId/cancel': { url: (id) => ofFulfilment(id, 'cancel') },
  'POST /v1/orders/:id/edits': {
    url: (id) => `/v1/orders/${id}/edits`,
    body: { lines: [{ sku: 'MUG', quantity: 1 }] },
    headers: withKey,
  },
  'POST /v1/orders/:id/returns': {
    url: (id) => `/v1/orders/${id}/returns`,
    body: { lines: [unitsOfLine], reason: 'too small' },
    headers: withKey,
  },
  'POST /v1/orders/:id/returns/:returnId/approve': { url: (id) => ofReturn(id, 'approve') },
  'POST /v1/orders/:id/returns/:returnId/reject': { url: (id) => ofReturn(id, 'reject'), body: { reason: 'worn' } },
  'POST /v1/orders/:id/returns/:returnId/receive': {
    url: (id) => ofReturn(id, 'receive'),
    body: received,
    headers: withKey,
  },
  'POST /v1/orders/:id/returns/:returnId/refund': { url: (id) => ofReturn(id, 'refund'), body: {}, headers: withKey },
  'POST /v1/orders/:id/refunds': {
    url: (id) => `/v1/orders/${id}/refunds`,
    body: { amountMinor: 100, reason: 'late' },
    headers: withKey,
  },
}

describe('every route of the contract', () => {
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
  const declaredRoutes = [...ordersRoutes, ...orderChangeRoutes]
  const all = declaredRoutes.map((route) => [nameOf(route), route] as const)
  const requestFor = (name: string, id: string) => {
    const { url = () => '', body, headers = () => ({}) } = routes[name] ?? {}
    return { url: url(id), request: { headers: headers(), ...(body !== undefined && { body }) } }
  }

  test('is answered by the service and named in these tests', () => {
    const declared = declaredRoutes.map(nameOf).toSorted()
    const answered = [...declaredRoutes, ...discountRoutes].map(nameOf).toSorted()
    expect(orders.app.routes.map(({ contract }) => nameOf(contract)).toSorted()).toEqual(answered)
    expect(Object.keys(routes).toSorted()).toEqual(declared)
  })

  test.each(all)('%s is for people who are signed in', async (name, { method }) => {
    const { url, request } = requestFor(name, newId('ord'))
    await expectRefusal(orders, [method, url, request], 401, 'UNAUTHENTICATED')
    const forged = { ...request, headers: { ...request.headers, authorization: 'Bearer e30.e30.e30' } }
    await expectRefusal(orders, [method, url, forged], 401, 'INVALID_TOKEN')
  })

  test.each(all.filter(([, { access }]) => permissionFor(access) !== undefined))(
    '%s is for operators only',
    async (name, { method }) => {
      const { url, request } = requestFor(name, newId('ord'))
      await expectRefusal(orders, [method, url, { ...request, as: customer }], 403, 'FORBIDDEN')
    },
  )

  test.each(all)('%s refuses a query that it does not know', async (name, { method, access }) => {
    const { url, request } = requestFor(name, newId('ord'))
    const as = permissionFor(access) !== undefined ? { roles: ['operator'] } : customer
    const pointers = await expectRefusal(orders, [method, `${url}?a[$ne]=1`, { ...request, as }], 400, 'INVALID_INPUT')
    expect(pointers).toEqual(['/query/a[$ne]'])
  })

  const withId = all.filter(([, { path }]) => path.includes(':id'))
  const asOperator = (access: Access) => permissionFor(access) !== undefined
  test.each(withId.filter(([, { access }]) => asOperator(access)))(
    '%s reports an order that never was as missing to operators',
    async (name, { method }) => {
      const { url, request } = requestFor(name, newId('ord'))
      await expectRefusal(orders, [method, url, { ...request, as: operator }], 404, 'ORDERS_NOT_FOUND')
    },
  )

  test.each(withId.filter(([, { access }]) => !asOperator(access)))(
    '%s reports the order of somebody else as missing, and one that never was the same way',
    async (name, { method }) => {
      for (const id of [await after('held'), newId('ord')]) {
        const { url, request } = requestFor(name, id)
        await expectRefusal(orders, [method, url, { ...request, as: newCustomer() }], 404, 'ORDERS_NOT_FOUND')
      }
    },
  )

  test.each(withId)('%s refuses an id that is none', async (name, { method, access }) => {
    const as = asOperator(access) ? operator : customer
    for (const id of [
      '1',
      'ord_1',
      newId('usr'),
      '%24where',
      '__proto__',
      '[object%20Object]',
      `ord_${'f'.repeat(33)}`,
    ]) {
      const { url, request } = requestFor(name, id)
      expect(await expectRefusal(orders, [method, url, { ...request, as }], 400, 'INVALID_INPUT')).toEqual([
        '/params/id',
      ])
    }
  })
})

describe('a body that is not right', () => {
  const cancelPath = `/v1/orders/${newId('ord')}/cancel`
  const address = { name: 'Ada', line1: '1 Way', postalCode: '1', city: 'York', country: 'GB' }
  const line = (change: object) => ({ ...good, lines: [{ sku: 'MUG', quantity: 1, ...change }] })
  const quantities = [null, true, '2', [3], 1.5, 0, -1, 10_001, 1e300].map(
    (quantity) =>
      ['/v1/orders', `quantity ${JSON.stringify(quantity)}`, line({ quantity }), '/lines/0/quantity'] as const,
  )
  const placing = badBodies(
    good,
    { lines: 'list', paymentMethod: 'text', email: 'text', shippingAddress: 'object', note: 'text' },
    ['lines', 'paymentMethod'],
  )
  const generated = [
    ...placing.map(({ name, body, pointer }) => ['/v1/orders', name, body, pointer] as const),
    ...badBodies({}, { reason: 'text' }, []).map(
      ({ name, body, pointer }) => [cancelPath, name, body, pointer] as const,
    ),
  ]
  const cases = [
    ...generated,
    ...quantities,
    ['/v1/orders', 'a price', { ...good, price: 1 }, '/price'],
    ['/v1/orders', 'a price in a line', line({ price: { amountMinor: 1, currency: 'EUR' } }), '/lines/0/price'],
    ['/v1/orders', 'a unit price in a line', line({ unitPrice: 1 }), '/lines/0/unitPrice'],
    ['/v1/orders', 'a total', { ...good, total: { amountMinor: 1, currency: 'EUR' } }, '/total'],
    ['/v1/orders', 'a status', { ...good, status: 'confirmed' }, '/status'],
    ['/v1/orders', 'a customer', { ...good, customerId: newId('usr') }, '/customerId'],
    ['/v1/orders', 'an id', { ...good, id: newId('ord') }, '/id'],
    ['/v1/orders', 'too many lines', { ...good, lines: Array.from({ length: 101 }, () => good.lines[0]) }, '/lines'],
    ['/v1/orders', 'a SKU that is none', line({ sku: 'A B' }), '/lines/0/sku'],
    ['/v1/orders', 'a SKU that is an object', line({ sku: { gt: '' } }), '/lines/0/sku'],
    ['/v1/orders', 'a card number', { ...good, paymentMethod: '4111111111111111' }, '/paymentMethod'],
    ['/v1/orders', 'an address that is none', { ...good, email: 'ada' }, '/email'],
    ['/v1/orders', 'an endless address', { ...good, email: `${'a'.repeat(250)}@example.org` }, '/email'],
    ['/v1/orders', 'an endless note', { ...good, note: 'x'.repeat(1001) }, '/note'],
    [
      '/v1/orders',
      'a country in words',
      { ...good, shippingAddress: { ...address, country: 'Britain' } },
      '/shippingAddress/country',
    ],
    ['/v1/orders', 'a planet', { ...good, shippingAddress: { ...address, planet: 'Mars' } }, '/shippingAddress/planet'],
    [cancelPath, 'a status', { status: 'cancelled' }, '/status'],
    [cancelPath, 'an endless reason', { reason: 'x'.repeat(501) }, '/reason'],
  ] as const
  const without = (_url: string, name: string) => !(name === 'shippingAddress {}')

  test.each(cases.filter(([url, name]) => without(url, name)))(
    '%s, %s: is refused with a pointer',
    async (url, _name, body, pointer) => {
      const request = { as: customer, body, headers: withKey() }
      expect(await expectRefusal(orders, ['POST', url, request], 400, 'INVALID_INPUT')).toEqual([pointer])
    },
  )

  const hostile = ['/v1/orders', cancelPath].flatMap((url) => hostileBodies.map((one) => [url, ...one] as const))
  test.each(hostile)('%s, %s: never gets as far as its fields', async (url, _name, body, code) => {
    const before = await orders.contents()
    const answer = await orders.requestRaw('POST', url, body, { as: customer, headers: withKey() })
    expect([answer.status, faultsIn(answer.body).code]).toEqual([400, code])
    expect(await orders.contents()).toEqual(before)
  })

  test('an order without a body is refused', async () => {
    await expectRefusal(orders, ['POST', '/v1/orders', { as: customer, headers: withKey() }], 400, 'INVALID_INPUT')
  })

  test('a cancellation needs none', async () => {
    await expectRefusal(orders, ['POST', cancelPath, { as: customer }], 404, 'ORDERS_NOT_FOUND')
  })

  test('a discount code that nobody issued is refused, and pointed at', async () => {
    const lines = [{ sku: await forSale(orders), quantity: 1 }]
    const request = { as: customer, body: { ...good, lines, discountCode: 'SUMMER' }, headers: withKey() }
    const pointers = await expectRefusal(orders, ['POST', '/v1/orders', request], 422, 'ORDERS_UNKNOWN_DISCOUNT_CODE')
    expect(pointers).toEqual(['/discountCode'])
  })

  test.each([
    ['no key', {}],
    ['an empty key', { 'idempotency-key': '' }],
    ['a key with a space', { 'idempotency-key': 'a b' }],
    ['a key beyond ASCII', { 'idempotency-key': 'schlüssel' }],
    ['an endless key', { 'idempotency-key': 'k'.repeat(256) }],
  ])('an order needs a key: %s', async (_name, headers) => {
    const request = { as: customer, body: good, headers }
    expect(await expectRefusal(orders, ['POST', '/v1/orders', request], 400, 'INVALID_INPUT')).toEqual([
      '/headers/idempotency-key',
    ])
  })

  test.each(badPages)('a page of orders with %s', async (query, pointer) => {
    const pointers = await expectRefusal(orders, ['GET', `/v1/orders?${query}`, { as: customer }], 400, 'INVALID_INPUT')
    expect(pointers).toContain(pointer)
  })

  test('a cursor that no page gave, and a status that no order has', async () => {
    for (const cursor of forgedCursors) {
      const url = `/v1/orders?cursor=${cursor}`
      expect(await expectRefusal(orders, ['GET', url, { as: customer }], 400, 'INVALID_CURSOR')).toEqual([
        '/query/cursor',
      ])
    }
    const url = '/v1/orders?status=shipped'
    expect(await expectRefusal(orders, ['GET', url, { as: customer }], 400, 'INVALID_INPUT')).toEqual(['/query/status'])
  })
})

describe('placing an order', () => {
  test('answers with the order as accepted, priced by the catalogue', async () => {
    const sku = await forSale(orders, 1250)
    const shippingAddress = { name: 'Ada', line1: '1 Way', postalCode: '1', city: 'York', country: 'GB' }
    const extra = { email: 'ada@example.org', shippingAddress, note: 'Ring twice.' }
    const answer = await place(orders, customer, { ...good, lines: [{ sku, quantity: 2 }], ...extra })
    const total = { amountMinor: 2500, currency: 'EUR' }
    const nothing = { amountMinor: 0, currency: 'EUR' }
    expect(answer.status).toBe(201)
    expect(answer.body).toEqual({
      id: expect.stringMatching(/^ord_[0-9a-f]{32}$/),
      number: expect.stringMatching(/^TW-\d+$/),
      customerId: customer.userId,
      status: 'pending',
      paymentStatus: 'none',
      fulfilmentStatus: 'unfulfilled',
      lines: [
        {
          id: expect.stringMatching(/^oln_/),
          sku,
          title: 'Mug, Blue',
          quantity: 2,
          unitPrice: { amountMinor: 1250, currency: 'EUR' },
          total,
        },
      ],
      subtotal: total,
      discount: nothing,
      tax: nothing,
      shipping: nothing,
      total,
      capture: 'now',
      ...extra,
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
      version: 1,
    })
    const { id } = orderIn(answer)
    expect(answer.headers['location']).toBe(`/v1/orders/${id}`)
    await orders.settle()
    expect(orders.published.findLast(({ type }) => type === 'orders.order.placed.v1')?.data).toEqual({
      orderId: id,
      customerId: customer.userId,
      lines: [{ sku, quantity: 2 }],
      total,
    })
    const read = await orders.request('GET', `/v1/orders/${id}`, { as: customer })
    expect(read).toMatchObject({ status: 200, body: answer.body, headers: { etag: '"1"' } })
  })

  test('tells no event where the customer lives or what the mail address is', async () => {
    const secret = { email: 'ada.secret@example.org', note: 'secret note' }
    await place(orders, customer, { ...good, lines: [{ sku: await forSale(orders), quantity: 1 }], ...secret })
    await orders.settle()
    expect(JSON.stringify(orders.published)).not.toContain('secret')
  })

  test('refuses what is not for sale, with its place, and writes nothing', async () => {
    const sku = await forSale(orders)
    const lines = [
      { sku, quantity: 1 },
      { sku: 'NOBODY', quantity: 1 },
      { sku, quantity: 1 },
      { sku: 'NOTHING', quantity: 1 },
    ]
    const request = { as: customer, body: { ...good, lines }, headers: withKey() }
    const pointers = await expectRefusal(orders, ['POST', '/v1/orders', request], 422, 'ORDERS_UNKNOWN_SKU')
    expect(pointers).toEqual(['/lines/1/sku', '/lines/3/sku'])
  })

  test('refuses two currencies in one order, and a total above the limit', async () => {
    const lines = [await forSale(orders), await forSale(orders, 500, 'JPY')].map((sku) => ({ sku, quantity: 1 }))
    const mixed = { as: customer, body: { ...good, lines }, headers: withKey() }
    await expectRefusal(orders, ['POST', '/v1/orders', mixed], 422, 'ORDERS_MIXED_CURRENCIES')
    const gem = [{ sku: await forSale(orders, 10 ** 12), quantity: 2 }]
    const huge = { as: customer, body: { ...good, lines: gem }, headers: withKey() }
    await expectRefusal(orders, ['POST', '/v1/orders', huge], 422, 'ORDERS_TOTAL_TOO_LARGE')
  })

  test('keeps an amount beyond 32 bits to the cent', async () => {
    const sku = await forSale(orders, 99_999_999_999)
    const { id } = orderIn(await place(orders, customer, { ...good, lines: [{ sku, quantity: 9 }] }))
    expect(await readOrder(orders, id)).toMatchObject({ total: { amountMinor: 899_999_999_991 } })
  })

  test('gives every order a number of its own', async () => {
    const sku = await forSale(orders)
    const answers = await Promise.all(
      Array.from({ length: 120 }, () => place(orders, customer, { ...good, lines: [{ sku, quantity: 1 }] })),
    )
    expect(new Set(answers.map((answer) => orderIn(answer).number)).size).toBe(120)
  })
})

describe('one idempotency key', () => {
  test('is one order, however many ask at once', async () => {
    const body = { ...good, lines: [{ sku: await forSale(orders), quantity: 1 }] }
    const as = newCustomer()
    const headers = withKey()
    const answers = await Promise.all(Array.from({ length: 20 }, () => place(orders, as, body, headers)))
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 201))
    expect(new Set(answers.map(({ body: answer }) => JSON.stringify(answer))).size).toBe(1)
    expect(answers.filter((answer) => answer.headers['idempotent-replayed'] === undefined)).toHaveLength(1)
    expect(await orders.db.collection('orders').countDocuments({ customerId: as.userId })).toBe(1)
    await orders.settle()
    expect(orders.published.filter(({ data }) => JSON.stringify(data).includes(as.userId))).toHaveLength(1)
  })

  test('gives the first answer again, whatever has become of the order and its price', async () => {
    const [productId, sku] = [newId('prd'), newId('sku')]
    await orders.deliver(product([{ sku, amountMinor: 1000 }], { productId }))
    const body = { ...good, lines: [{ sku, quantity: 1 }] }
    const headers = withKey()
    const first = await place(orders, customer, body, headers)
    const { id } = orderIn(first)
    for (const step of ['held', 'authorized', 'committed', 'captured'] as const) await orders.deliver(reports[step](id))
    for (const change of [
      product([{ sku, amountMinor: 2000 }], { productId, version: 2 }),
      product([{ sku }], { productId, version: 3, status: 'retired' }),
    ]) {
      await orders.deliver(change)
      const replay = await place(orders, customer, { paymentMethod: 'pm_approve', lines: body.lines }, headers)
      expect(replay).toMatchObject({ status: 201, headers: { 'idempotent-replayed': 'true' } })
      expect(replay.body).toEqual(first.body)
    }
    expect(await readOrder(orders, id)).toMatchObject({ status: 'confirmed', total: { amountMinor: 1000 } })
  })

  test('is refused for another request, also one that could not be carried out', async () => {
    const sku = await forSale(orders)
    const headers = withKey()
    await place(orders, customer, { ...good, lines: [{ sku, quantity: 1 }] }, headers)
    for (const other of [
      { ...good, lines: [{ sku, quantity: 2 }] },
      { ...good, lines: [{ sku, quantity: 1 }], paymentMethod: 'pm_decline' },
      { ...good, lines: [{ sku, quantity: 1 }], note: 'Ring.' },
      { ...good, lines: [{ sku: 'NOBODY', quantity: 1 }] },
    ]) {
      const request = { as: customer, body: other, headers }
      await expectRefusal(orders, ['POST', '/v1/orders', request], 422, 'IDEMPOTENCY_KEY_REUSED')
    }
  })

  test('of somebody else never shows their order', async () => {
    const body = { ...good, lines: [{ sku: await forSale(orders), quantity: 1 }] }
    const headers = withKey()
    const [first, second] = [newCustomer(), newCustomer()]
    const answers = [await place(orders, first, body, headers), await place(orders, second, body, headers)]
    expect(answers.map((answer) => orderIn(answer).customerId)).toEqual([first.userId, second.userId])
  })

  test('is free again when the request was refused', async () => {
    const headers = withKey()
    expect((await place(orders, customer, { ...good, lines: [{ sku: 'NOBODY', quantity: 1 }] }, headers)).status).toBe(
      422,
    )
    const body = { ...good, lines: [{ sku: await forSale(orders), quantity: 1 }] }
    const answer = await place(orders, customer, body, headers)
    expect(answer.status).toBe(201)
    expect(answer.headers).not.toHaveProperty('idempotent-replayed')
  })
})

describe('Prefer: wait', () => {
  const waiting = async (prefer: string, headers = withKey()) => {
    const as = newCustomer()
    const body = { ...good, lines: [{ sku: await forSale(orders), quantity: 1 }] }
    const send = () => place(orders, as, body, { ...headers, prefer })
    return {
      send,
      as,
      placedId: () => orders.db.collection<{ _id: string }>('orders').findOne({ customerId: as.userId }),
    }
  }

  test('holds the answer until the order is decided, and gives the same answer again', async () => {
    const { send, placedId } = await waiting('wait=20')
    const answer = send()
    const placed = await expect.poll(placedId).not.toBeNull().then(placedId)
    const id = placed?._id ?? ''
    for (const step of ['held', 'authorized', 'committed'] as const) await orders.deliver(reports[step](id))
    const first = await answer
    expect(first).toMatchObject({
      status: 201,
      body: { id, status: 'confirmed' },
      headers: { 'preference-applied': 'wait=20' },
    })
    await orders.deliver(reports.captured(id))
    const replay = await send()
    expect(replay.body).toEqual(first.body)
    expect(replay.headers['idempotent-replayed']).toBe('true')
  })

  test.each([
    ['wait=0', 'wait=0'],
    ['respond-async, wait=1', 'wait=1'],
  ])('%s: answers with the order as it stands when the time is up', async (prefer, applied) => {
    const answer = await (await waiting(prefer)).send()
    expect(answer).toMatchObject({
      status: 201,
      body: { status: 'pending' },
      headers: { 'preference-applied': applied },
    })
  })

  test.each(['wait=soon', 'return=minimal', 'await=5'])('%s: is not understood and not applied', async (prefer) => {
    const answer = await (await waiting(prefer)).send()
    expect(answer.status).toBe(201)
    expect(answer.headers).not.toHaveProperty('preference-applied')
  })
})

describe('reading orders', () => {
  interface Page {
    items: { id: string; customerId: string; status: string }[]
    nextCursor: string | null
  }
  const page = async (as: object, query = ''): Promise<Page> => {
    const answer = await orders.request('GET', `/v1/orders${query}`, { as })
    expect(answer.status).toBe(200)
    return JSON.parse(JSON.stringify(answer.body))
  }

  test('shows own ones, newest first, page by page, each once while others are placed', async () => {
    const as = newCustomer()
    const ids: string[] = []
    for (let count = 0; count < 5; count += 1) ids.unshift(await orderAfter(orders, as))
    await orderAfter(orders, newCustomer())
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const { items, nextCursor } = await page(as, `?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(items.length).toBeLessThanOrEqual(2)
      expect(items.every(({ customerId }) => customerId === as.userId)).toBe(true)
      found.push(...items.map(({ id }) => id))
      await orderAfter(orders, as)
      cursor = nextCursor
    }
    expect(found).toEqual(ids)
  })

  test('filters by status', async () => {
    const as = newCustomer()
    const [rejected] = [await orderAfter(orders, as, 'rejected'), await orderAfter(orders, as)]
    expect((await page(as, '?status=rejected')).items.map(({ id }) => id)).toEqual([rejected])
  })

  test('shows operators everybody’s, and customers nobody else’s, whatever the cursor', async () => {
    const [first, second] = [newCustomer(), newCustomer()]
    const theirs = await orderAfter(orders, first)
    await orderAfter(orders, second)
    const { items, nextCursor } = await page(operator, '?limit=1')
    expect(items[0]?.customerId).toBe(second.userId)
    expect((await page(operator, `?limit=1&cursor=${nextCursor}`)).items[0]?.id).toBe(theirs)
    expect((await page(newCustomer(), `?cursor=${nextCursor}`)).items).toEqual([])
    expect((await orders.request('GET', `/v1/orders/${theirs}`, { as: operator })).status).toBe(200)
  })

  test('tells the timeline in order, with what each report said', async () => {
    const id = await after('held', 'authorized', 'committed', 'captured', 'told')
    const { body } = await orders.request('GET', `/v1/orders/${id}/timeline`, { as: customer })
    const { items }: { items: { type: string; service: string; at: string; data: object }[] } = JSON.parse(
      JSON.stringify(body),
    )
    expect(items.map(({ at }) => at)).toEqual(items.map(({ at }) => at).toSorted())
    expect(new Set(items.map(({ type, service }) => `${service} ${type}`))).toEqual(
      new Set([
        'orders orders.order.placed',
        'inventory inventory.reservation.held',
        'orders orders.order.reserved',
        'payments payments.payment.authorized',
        'orders orders.order.authorized',
        'inventory inventory.reservation.committed',
        'orders orders.order.confirmed',
        'payments payments.payment.captured',
        'notifications notifications.notification.sent',
      ]),
    )
    expect(items.find(({ type }) => type === 'payments.payment.captured')?.data).toEqual({
      paymentId: id.replace('ord_', 'pay_'),
      amount: { amountMinor: 2500, currency: 'EUR' },
    })
  })
})

describe('cancelling', () => {
  const cancel = (id: string, as: object = customer, body: object = {}) =>
    orders.request('POST', `/v1/orders/${id}/cancel`, { as, body })

  test('stops the order once, with the words of who asked', async () => {
    const id = await after('held')
    const first = await cancel(id, customer, { reason: 'Too late.' })
    expect(first).toMatchObject({ status: 200, body: { id, status: 'cancelled', reason: 'requested_by_customer' } })
    expect((await cancel(id, customer, { reason: 'Really.' })).body).toEqual(first.body)
    const { body } = await orders.request('GET', `/v1/orders/${id}/timeline`, { as: customer })
    expect(JSON.stringify(body)).toContain('Too late.')
    expect(JSON.stringify(body)).not.toContain('Really.')
    await orders.settle()
    const stops = orders.published.filter(
      ({ type, data }) => type === 'orders.order.cancelled.v1' && JSON.stringify(data).includes(id),
    )
    expect(stops).toHaveLength(1)
  })

  test('says when an operator did it', async () => {
    const id = await after('held', 'authorized', 'committed')
    expect(await cancel(id, operator)).toMatchObject({ body: { status: 'cancelled', reason: 'requested_by_operator' } })
  })

  test('refuses an order that has ended already', async () => {
    for (const id of [await after('rejected'), await after('holdExpired')]) {
      await expectRefusal(
        orders,
        ['POST', `/v1/orders/${id}/cancel`, { as: customer, body: {} }],
        409,
        'ORDERS_NOT_CANCELLABLE',
      )
    }
  })
})

describe('reads that the client has already', () => {
  const known = (etag: string) => ({ as: customer, headers: { 'if-none-match': etag } })

  test('an order is answered 304 until it changes, and is kept by nobody else', async () => {
    const id = await after()
    const first = await orders.request('GET', `/v1/orders/${id}`, { as: customer })
    const etag = String(first.headers['etag'])
    expect(first.headers['cache-control']).toBe('private, no-cache')
    expect(await orders.request('GET', `/v1/orders/${id}`, known(etag))).toMatchObject({ status: 304, body: undefined })
    await orders.deliver(reports.held(id))
    expect(await orders.request('GET', `/v1/orders/${id}`, known(etag))).toMatchObject({ status: 200 })
  })

  test('a page of orders is answered 304 until one of them changes', async () => {
    const id = await after()
    const first = await orders.request('GET', '/v1/orders?limit=5', { as: customer })
    const etag = String(first.headers['etag'])
    expect(await orders.request('GET', '/v1/orders?limit=5', known(etag))).toMatchObject({ status: 304 })
    await orders.deliver(reports.held(id))
    expect(await orders.request('GET', '/v1/orders?limit=5', known(etag))).toMatchObject({ status: 200 })
  })
})

test('every list of orders comes from an index in its order, and reads no more than it shows', async () => {
  const others = Array.from({ length: 40 }, () => orderAfter(orders, newCustomer()))
  await Promise.all([...others, ...Array.from({ length: 30 }, () => after())])
  const collection = orders.db.collection<{ _id: string }>('orders')
  const further = { _id: { $lt: newId('ord') } }
  const customerId = customer.userId
  for (const filter of [{}, { customerId }, { status: 'pending' }, { customerId, status: 'pending' }]) {
    for (const page of [filter, { ...filter, ...further }]) {
      const explained = await collection.find(page).sort({ _id: -1 }).limit(5).explain('executionStats')
      expect(explained).toMatchObject({ executionStats: { nReturned: 5, totalDocsExamined: 5 } })
      expect(JSON.stringify(explained)).toContain('IXSCAN')
      expect(JSON.stringify(explained)).not.toContain('"SORT"')
    }
  }
  const keys = await collection
    .find({}, { projection: { _id: 0, customerId: 1, idempotencyKey: 1 } })
    .limit(20)
    .toArray()
  const explained = await collection.find({ $or: keys }).explain('executionStats')
  expect(explained).toMatchObject({ executionStats: { nReturned: 20, totalDocsExamined: 20 } })
})
