import { paymentsRoutes } from '@tradewind/contracts/payments'
import { permissionFor } from '@tradewind/contracts/route'
import { newId } from '@tradewind/service-kit/ids'
import { badBodies, badPages, expectRefusal, forgedCursors } from '@tradewind/service-testkit/bad-input'
import type { Request } from '@tradewind/service-testkit/running-service'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cancelled, confirmed, reserved, total } from './order-events.ts'
import { type PaymentsUnderTest, startPayments } from './payments-under-test.ts'

let backends: Backends
let payments: PaymentsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  payments = await startPayments({ ...backends, database: backends.databaseName('payments') })
})
afterAll(async () => {
  await payments.stop()
  await backends.stop()
})

const as = { roles: ['operator'] }
const keyed = (body?: unknown): Request => ({
  ...(body !== undefined && { body }),
  headers: { 'idempotency-key': newId('key') },
})

/** Every route of the contract, with an address and the rest of a request that it takes. */
const routes: Record<string, () => { url: string; request?: Request }> = {
  'GET /v1/payments/:id': () => ({ url: `/v1/payments/${newId('pay')}` }),
  'GET /v1/payments': () => ({ url: '/v1/payments' }),
  'POST /v1/payments/:id/capture': () => ({ url: `/v1/payments/${newId('pay')}/capture`, request: keyed({}) }),
  'POST /v1/payments/:id/void': () => ({ url: `/v1/payments/${newId('pay')}/void`, request: keyed() }),
  'POST /v1/payments/:id/refunds': () => ({
    url: `/v1/payments/${newId('pay')}/refunds`,
    request: keyed({ amountMinor: 1, reason: 'broken' }),
  }),
  'POST /v1/payments/webhooks/:provider': () => ({ url: '/v1/payments/webhooks/simulator', request: { body: {} } }),
  'POST /v1/payments/simulator/script': () => ({
    url: '/v1/payments/simulator/script',
    request: { body: { step: 'capture' } },
  }),
  'POST /v1/payments/reconciliations': () => ({ url: '/v1/payments/reconciliations', request: keyed({}) }),
  'GET /v1/payments/reconciliations': () => ({ url: '/v1/payments/reconciliations' }),
  'GET /v1/payments/reconciliations/:id': () => ({ url: `/v1/payments/reconciliations/${newId('rec')}` }),
  'GET /v1/payments/reconciliations/:id/differences': () => ({
    url: `/v1/payments/reconciliations/${newId('rec')}/differences`,
  }),
}
const lists = [
  '/v1/payments',
  '/v1/payments/reconciliations',
  `/v1/payments/reconciliations/${newId('rec')}/differences`,
]

describe('every route of the contract', () => {
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
  const all = paymentsRoutes.map((route) => [nameOf(route), route] as const)
  const callOf = (name: string) => routes[name]?.() ?? { url: '' }

  test('is answered by the service and named in these tests', () => {
    const declared = paymentsRoutes.map(nameOf).toSorted()
    expect(payments.app.routes.map(({ contract }) => nameOf(contract)).toSorted()).toEqual(declared)
    expect(Object.keys(routes).toSorted()).toEqual(declared)
  })

  test.each(all.filter(([, { access }]) => permissionFor(access) !== undefined))(
    '%s is for operators only',
    async (name, { method }) => {
      const { url, request } = callOf(name)
      const with_ = (more: Request) => ({ ...request, ...more, headers: { ...request?.headers, ...more.headers } })
      await expectRefusal(payments, [method, url, with_({})], 401, 'UNAUTHENTICATED')
      await expectRefusal(payments, [method, url, with_({ as: {} })], 403, 'FORBIDDEN')
      const forged = { headers: { authorization: 'Bearer e30.e30.e30' } }
      await expectRefusal(payments, [method, url, with_(forged)], 401, 'INVALID_TOKEN')
    },
  )

  test.each(all)('%s refuses a query that it does not know', async (name, { method, access }) => {
    const { url, request } = callOf(name)
    const call = permissionFor(access) !== undefined ? { ...request, as } : (request ?? {})
    for (const key of ['a[$ne]', '$where', '__proto__', 'customerId']) {
      const pointers = await expectRefusal(payments, [method, `${url}?${key}=1`, call], 400, 'INVALID_INPUT')
      expect(pointers).toEqual([`/query/${key}`])
    }
  })

  test('refuses an id that is none', async () => {
    for (const id of ['1', 'pay_1', newId('ord'), '%24where', '__proto__', '[object%20Object]']) {
      expect(await expectRefusal(payments, ['GET', `/v1/payments/${id}`, { as }], 400, 'INVALID_INPUT')).toEqual([
        '/params/id',
      ])
    }
    for (const id of ['1', '', newId('pay'), '%24where']) {
      const pointers = await expectRefusal(
        payments,
        ['GET', `/v1/payments?orderId=${id}`, { as }],
        400,
        'INVALID_INPUT',
      )
      expect(pointers).toEqual(['/query/orderId'])
    }
  })

  test.each(badPages)('refuses a page with %s', async (query, pointer) => {
    for (const list of lists) {
      const pointers = await expectRefusal(payments, ['GET', `${list}?${query}`, { as }], 400, 'INVALID_INPUT')
      expect(pointers).toContain(pointer)
    }
  })

  test('refuses a cursor that no page gave', async () => {
    for (const cursor of forgedCursors) {
      for (const list of lists) {
        const url = `${list}?cursor=${cursor}`
        expect(await expectRefusal(payments, ['GET', url, { as }], 400, 'INVALID_CURSOR')).toEqual(['/query/cursor'])
      }
    }
  })

  test('says that there is no such thing', async () => {
    const run = 'PAYMENTS_RECONCILIATION_NOT_FOUND'
    for (const [name, code] of [
      ['GET /v1/payments/:id', 'PAYMENTS_NOT_FOUND'],
      ['POST /v1/payments/:id/capture', 'PAYMENTS_NOT_FOUND'],
      ['POST /v1/payments/:id/void', 'PAYMENTS_NOT_FOUND'],
      ['POST /v1/payments/:id/refunds', 'PAYMENTS_NOT_FOUND'],
      ['GET /v1/payments/reconciliations/:id', run],
      ['GET /v1/payments/reconciliations/:id/differences', run],
    ] as const) {
      const { url, request } = callOf(name)
      await expectRefusal(payments, [name.startsWith('GET') ? 'GET' : 'POST', url, { ...request, as }], 404, code)
    }
  })

  test.each(
    badBodies({ amountMinor: 1, reason: 'broken' }, { amountMinor: 'integer', reason: 'text' }, [
      'amountMinor',
      'reason',
    ]),
  )('refuses a refund with $name', async ({ body, pointer }) => {
    const call = { as, body, headers: { 'idempotency-key': 'k' } }
    const url = `/v1/payments/${newId('pay')}/refunds`
    expect(await expectRefusal(payments, ['POST', url, call], 400, 'INVALID_INPUT')).toContain(pointer)
  })

  test.each(badBodies({ amountMinor: 1 }, { amountMinor: 'integer' }, []))(
    'refuses a capture with $name',
    async ({ body, pointer }) => {
      const call = { as, body, headers: { 'idempotency-key': 'k' } }
      const url = `/v1/payments/${newId('pay')}/capture`
      expect(await expectRefusal(payments, ['POST', url, call], 400, 'INVALID_INPUT')).toContain(pointer)
    },
  )
})

describe('payments', () => {
  const paid = async (...events: readonly (typeof confirmed)[]) => {
    const orderId = newId('ord')
    for (const event of [reserved, ...events]) await payments.deliver(event(orderId))
    return orderId
  }
  const read = async (url: string) => {
    const answer = await payments.request('GET', url, { as })
    expect(answer.status).toBe(200)
    const page: { items: { id: string }[]; nextCursor: string | null } = JSON.parse(JSON.stringify(answer.body))
    return { ...page, body: answer.body }
  }

  test('are shown with what was taken and given back', async () => {
    const orderId = await paid(confirmed, cancelled)
    const id = orderId.replace('ord_', 'pay_')
    const at = expect.any(String)
    const expected = {
      id,
      orderId,
      status: 'refunded',
      amount: total,
      capturedMinor: 2500,
      refundedMinor: 2500,
      captures: [
        { id: orderId.replace('ord_', 'cap_'), amountMinor: 2500, state: 'captured', isLast: false, requestedAt: at },
      ],
      refunds: [
        {
          id: orderId.replace('ord_', 'ref_'),
          amountMinor: 2500,
          reason: 'the order was cancelled',
          state: 'succeeded',
          requestedAt: at,
        },
      ],
      ledger: [
        ['provider', 2500, 'capture', 'cap_'],
        ['order', -2500, 'capture', 'cap_'],
        ['provider', -2500, 'refund', 'ref_'],
        ['order', 2500, 'refund', 'ref_'],
      ].map(([account, amountMinor, reason, prefix]) => ({
        at,
        account,
        amountMinor,
        reason,
        partId: orderId.replace('ord_', String(prefix)),
      })),
      provider: 'simulator',
      createdAt: expect.any(String),
      updatedAt: expect.any(String),
    }
    expect((await read(`/v1/payments/${id}`)).body).toEqual(expected)
    expect((await read(`/v1/payments?orderId=${orderId}`)).body).toEqual({ items: [expected], nextCursor: null })
  })

  test('are shown with why they were declined, and without an amount where there never was one', async () => {
    const [declined, stopped] = [newId('ord'), newId('ord')]
    await payments.deliver(reserved(declined, 'pm_insufficient_funds'))
    await payments.deliver(cancelled(stopped))
    expect((await read(`/v1/payments?orderId=${declined}`)).items).toMatchObject([
      { status: 'declined', declineReason: 'insufficient_funds', capturedMinor: 0 },
    ])
    expect((await read(`/v1/payments?orderId=${stopped}`)).items).toMatchObject([{ status: 'voided', amount: null }])
  })

  test('are listed newest order first, page by page, each once while others come', async () => {
    const orders: string[] = []
    for (let count = 0; count < 5; count += 1) orders.unshift(await paid())
    const found: string[] = []
    let cursor: string | null = ''
    while (cursor !== null && found.length < 5) {
      const { items, nextCursor } = await read(`/v1/payments?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      expect(items.length).toBeLessThanOrEqual(2)
      found.push(...items.map(({ id }) => id.replace('pay_', 'ord_')))
      await paid()
      cursor = nextCursor
    }
    expect(found.slice(0, 5)).toEqual(orders)
  })
})
