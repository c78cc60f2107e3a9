import { paymentsRoutes } from '@tradewind/contracts/payments'
import { newId } from '@tradewind/service-kit/ids'
import { badPages, expectRefusal, forgedCursors } from '@tradewind/service-testkit/bad-input'
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

/** Every route of the contract, with an address that it takes. */
const routes: Record<string, () => string> = {
  'GET /v1/payments/:id': () => `/v1/payments/${newId('pay')}`,
  'GET /v1/payments': () => '/v1/payments',
}

describe('every route of the contract', () => {
  const nameOf = ({ method, path }: { method: string; path: string }) => `${method} ${path}`
  const all = paymentsRoutes.map((route) => [nameOf(route), route] as const)
  const urlOf = (name: string) => routes[name]?.() ?? ''

  test('is answered by the service and named in these tests', () => {
    const declared = paymentsRoutes.map(nameOf).toSorted()
    expect(payments.app.routes.map(({ contract }) => nameOf(contract)).toSorted()).toEqual(declared)
    expect(Object.keys(routes).toSorted()).toEqual(declared)
  })

  test.each(all)('%s is for operators only', async (name, { method }) => {
    await expectRefusal(payments, [method, urlOf(name)], 401, 'UNAUTHENTICATED')
    await expectRefusal(payments, [method, urlOf(name), { as: {} }], 403, 'FORBIDDEN')
    const forged = { headers: { authorization: 'Bearer e30.e30.e30' } }
    await expectRefusal(payments, [method, urlOf(name), forged], 401, 'INVALID_TOKEN')
  })

  test.each(all)('%s refuses a query that it does not know', async (name, { method }) => {
    for (const key of ['a[$ne]', '$where', '__proto__', 'customerId']) {
      const pointers = await expectRefusal(payments, [method, `${urlOf(name)}?${key}=1`, { as }], 400, 'INVALID_INPUT')
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
    expect(await expectRefusal(payments, ['GET', `/v1/payments?${query}`, { as }], 400, 'INVALID_INPUT')).toContain(
      pointer,
    )
  })

  test('refuses a cursor that no page gave', async () => {
    for (const cursor of forgedCursors) {
      const url = `/v1/payments?cursor=${cursor}`
      expect(await expectRefusal(payments, ['GET', url, { as }], 400, 'INVALID_CURSOR')).toEqual(['/query/cursor'])
    }
  })

  test('says that there is no such payment', async () => {
    await expectRefusal(payments, ['GET', `/v1/payments/${newId('pay')}`, { as }], 404, 'PAYMENTS_NOT_FOUND')
  })
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
    const expected = {
      id,
      orderId,
      status: 'refunded',
      amount: total,
      capturedMinor: 2500,
      refundedMinor: 2500,
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
