import type { DomainEvent } from '@tradewind/contracts/event'
import type { Payment, Refund } from '@tradewind/contracts/payments'
import { newId } from '@tradewind/service-kit/ids'
import { expectRefusal } from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { cancelled, confirmed, confirmedToShip, reserved, shipped } from './order-events.ts'
import { type PaymentsUnderTest, paymentIdOf, startPayments } from './payments-under-test.ts'

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

const userId = newId('usr')
const as = { userId, roles: ['operator'] }

async function after(...events: readonly ((orderId: string) => DomainEvent)[]): Promise<string> {
  const orderId = newId('ord')
  for (const event of events) await payments.deliver(event(orderId))
  return orderId
}
const urlOf = (orderId: string, what: string) => `/v1/payments/${paymentIdOf(orderId)}/${what}`
async function post(orderId: string, what: string, body?: unknown, key = newId('key')) {
  const answer = await payments.request('POST', urlOf(orderId, what), {
    as,
    ...(body !== undefined && { body }),
    headers: { 'idempotency-key': key },
  })
  const shown: Payment & Refund = JSON.parse(JSON.stringify(answer.body))
  return { ...answer, shown }
}
const expectNo = (orderId: string, what: string, body: unknown, status: number, code: string) =>
  expectRefusal(
    payments,
    [
      'POST',
      urlOf(orderId, what),
      { as, ...(body !== undefined && { body }), headers: { 'idempotency-key': newId('key') } },
    ],
    status,
    code,
  )

describe('a capture by hand', () => {
  test('takes a part, then all that is left, and says who asked', async () => {
    const orderId = await after(reserved)
    const part = await post(orderId, 'capture', { amountMinor: 1000 })
    expect(part).toMatchObject({ status: 200, body: { status: 'partially_captured', capturedMinor: 1000 } })
    const rest = await post(orderId, 'capture', {})
    expect(rest).toMatchObject({ status: 200, body: { status: 'captured', capturedMinor: 2500 } })
    expect(rest.shown.captures).toMatchObject([
      { amountMinor: 1000, state: 'captured', requestedBy: userId },
      { amountMinor: 1500, state: 'captured', requestedBy: userId },
    ])
    expect(await payments.charge(orderId)).toMatchObject({ captures: 2, capturedMinor: 2500 })
  })

  test('is made once per key, whoever repeats it', async () => {
    const [orderId, key] = [await after(reserved), newId('key')]
    const answers = await Promise.all([1, 2, 3].map(() => post(orderId, 'capture', { amountMinor: 700 }, key)))
    expect(answers.map(({ status }) => status)).toEqual([200, 200, 200])
    expect(await post(orderId, 'capture', { amountMinor: 700 }, key)).toMatchObject({
      status: 200,
      headers: { 'idempotent-replayed': 'true' },
    })
    expect(await payments.charge(orderId)).toMatchObject({ captures: 1, capturedMinor: 700 })
    for (const [what, body] of [
      ['capture', { amountMinor: 701 }],
      ['capture', {}],
      ['void', undefined],
    ] as const) {
      expect(await post(orderId, what, body, key)).toMatchObject({
        status: 422,
        body: { code: 'IDEMPOTENCY_KEY_REUSED' },
      })
    }
    const other = await after(reserved)
    expect(await post(other, 'capture', { amountMinor: 700 }, key)).toMatchObject({ status: 422 })
  })

  test('is refused where nothing is held, or less', async () => {
    await expectNo(await after(reserved), 'capture', { amountMinor: 2501 }, 422, 'PAYMENTS_ABOVE_AUTHORIZED')
    await expectNo(await after((id) => reserved(id, 'pm_decline')), 'capture', {}, 409, 'PAYMENTS_NOT_AUTHORIZED')
    await expectNo(await after(confirmed), 'capture', {}, 409, 'PAYMENTS_NOT_AUTHORIZED')
    await expectNo(await after(reserved, confirmed), 'capture', {}, 409, 'PAYMENTS_NOTHING_HELD')
    await expectNo(await after(reserved, cancelled), 'capture', {}, 409, 'PAYMENTS_NOTHING_HELD')
  })

  test('takes along what the order asks for later', async () => {
    const orderId = await after(reserved, confirmedToShip)
    await post(orderId, 'capture', {})
    const fulfilmentId = newId('ful')
    await payments.deliver(shipped(1000, false, fulfilmentId)(orderId))
    await payments.deliver(confirmed(orderId))
    expect(await payments.charge(orderId)).toMatchObject({ captures: 1, capturedMinor: 2500 })
    const told = payments.published.filter(({ data }) => JSON.stringify(data).includes(fulfilmentId))
    expect(told).toMatchObject([{ type: 'payments.payment.captured.v1', data: { amount: { amountMinor: 1000 } } }])
  })

  test('answers 202 while the provider is unclear, and the same request tells what came of it', async () => {
    const [orderId, key] = [await after(reserved), newId('key')]
    await payments.script({ step: 'capture', outcome: 'timeout_before', paymentId: paymentIdOf(orderId) })
    const first = await post(orderId, 'capture', { amountMinor: 900 }, key)
    expect(first).toMatchObject({ status: 202, body: { capturedMinor: 0, captures: [{ state: 'wanted' }] } })
    expect(await post(orderId, 'capture', { amountMinor: 900 }, key)).toMatchObject({
      status: 200,
      body: { capturedMinor: 900 },
    })
    expect(await payments.charge(orderId)).toMatchObject({ captures: 1 })
  })

  test('that the provider refuses for good says so, also when it is repeated', async () => {
    const [orderId, key] = [await after(reserved), newId('key')]
    await payments.script({ step: 'capture', outcome: 'refuse', paymentId: paymentIdOf(orderId) })
    for (let times = 0; times < 2; times += 1)
      expect(await post(orderId, 'capture', {}, key)).toMatchObject({
        status: 422,
        body: { code: 'PAYMENTS_CAPTURE_REFUSED' },
      })
    expect(await payments.payment(orderId)).toMatchObject({ status: 'authorized' })
  })
})

describe('a void by hand', () => {
  test('gives up what is held, and keeps what was taken', async () => {
    const [whole, part, key] = [await after(reserved), await after(reserved), newId('key')]
    expect(await post(whole, 'void', undefined, key)).toMatchObject({
      status: 200,
      body: { status: 'voided', voidedBy: userId },
    })
    expect(await post(whole, 'void', undefined, key)).toMatchObject({ headers: { 'idempotent-replayed': 'true' } })
    expect(await payments.charge(whole)).toMatchObject({ state: 'voided' })
    await post(part, 'capture', { amountMinor: 400 })
    expect(await post(part, 'void')).toMatchObject({ status: 200, body: { status: 'captured', capturedMinor: 400 } })
    expect(await payments.charge(part)).toMatchObject({ state: 'captured', capturedMinor: 400 })
  })

  test('is refused where nothing is held', async () => {
    await expectNo(await after(reserved, cancelled), 'void', undefined, 409, 'PAYMENTS_ALREADY_VOIDED')
    await expectNo(await after(reserved, confirmed), 'void', undefined, 409, 'PAYMENTS_NOTHING_HELD')
    await expectNo(await after((id) => reserved(id, 'pm_decline')), 'void', undefined, 409, 'PAYMENTS_NOT_AUTHORIZED')
  })

  test('answers 202 while the provider is unclear', async () => {
    const orderId = await after(reserved)
    await payments.script({ step: 'void', outcome: 'timeout_after', paymentId: paymentIdOf(orderId) })
    expect(await post(orderId, 'void')).toMatchObject({ status: 202 })
    payments.clock.now = new Date(payments.clock.now.getTime() + 10_000)
    await payments.app.sweep()
    expect(await payments.payment(orderId)).toMatchObject({ status: 'voided' })
  })
})

describe('a refund by hand', () => {
  test('gives a part back, and says who asked and why', async () => {
    const [orderId, key] = [await after(reserved, confirmed), newId('key')]
    const answer = await post(orderId, 'refunds', { amountMinor: 800, reason: 'a broken cup' }, key)
    expect(answer).toMatchObject({
      status: 201,
      body: { amountMinor: 800, reason: 'a broken cup', state: 'succeeded', requestedBy: userId },
    })
    const again = await post(orderId, 'refunds', { amountMinor: 800, reason: 'a broken cup' }, key)
    expect(again).toMatchObject({ status: 201, headers: { 'idempotent-replayed': 'true' } })
    expect(again.shown.id).toBe(answer.shown.id)
    expect(await payments.charge(orderId)).toMatchObject({ refunds: 1, refundedMinor: 800 })
    await payments.settle()
    expect(payments.published.filter(({ data }) => JSON.stringify(data).includes(answer.shown.id))).toMatchObject([
      { type: 'payments.refund.succeeded.v1', data: { amount: { amountMinor: 800 } } },
    ])
  })

  test('is refused above what was captured', async () => {
    const orderId = await after(reserved, confirmed)
    await expectNo(await after(reserved), 'refunds', { amountMinor: 1, reason: 'x' }, 409, 'PAYMENTS_NOTHING_CAPTURED')
    await expectNo(orderId, 'refunds', { amountMinor: 2501, reason: 'x' }, 422, 'PAYMENTS_ABOVE_CAPTURED')
    await post(orderId, 'refunds', { amountMinor: 2000, reason: 'x' })
    await expectNo(orderId, 'refunds', { amountMinor: 501, reason: 'x' }, 422, 'PAYMENTS_ABOVE_CAPTURED')
  })

  test('never gives back more than was captured, however many ask at once', async () => {
    const orderId = await after(reserved, confirmed)
    const answers = await Promise.all(
      Array.from({ length: 8 }, () => post(orderId, 'refunds', { amountMinor: 1000, reason: 'x' })),
    )
    expect(answers.filter(({ status }) => status === 201)).toHaveLength(2)
    expect(await payments.charge(orderId)).toMatchObject({ refunds: 2, refundedMinor: 2000 })
  })

  test('answers 202 while the provider is unclear, and is carried on', async () => {
    const [orderId, key] = [await after(reserved, confirmed), newId('key')]
    await payments.script({ step: 'refund', outcome: 'error', paymentId: paymentIdOf(orderId) })
    expect(await post(orderId, 'refunds', { amountMinor: 5, reason: 'x' }, key)).toMatchObject({ status: 202 })
    payments.clock.now = new Date(payments.clock.now.getTime() + 10_000)
    await payments.app.sweep()
    expect(await post(orderId, 'refunds', { amountMinor: 5, reason: 'x' }, key)).toMatchObject({ status: 201 })
    expect(await payments.charge(orderId)).toMatchObject({ refunds: 1 })
  })

  test('that the provider refuses for good says so', async () => {
    const orderId = await after(reserved, confirmed)
    await payments.script({ step: 'refund', outcome: 'refuse', paymentId: paymentIdOf(orderId) })
    expect(await post(orderId, 'refunds', { amountMinor: 5, reason: 'x' })).toMatchObject({
      status: 422,
      body: { code: 'PAYMENTS_REFUND_REFUSED' },
    })
  })
})
