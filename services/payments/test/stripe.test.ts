import { newId } from '@tradewind/service-kit/ids'
import { expectRefusal } from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { Stripe } from 'stripe'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { ProviderRefused, ProviderUnclear } from '../src/providers/payment-provider.ts'
import { createStripe } from '../src/providers/stripe.ts'
import {
  cancelled,
  confirmed,
  confirmedToShip,
  refundRequested,
  reserved as reservedWith,
  shipped,
  total,
} from './order-events.ts'
import { type PaymentsUnderTest, paymentIdOf, startPayments } from './payments-under-test.ts'
import { type StripeDouble, startStripeDouble, stripeOptions } from './stripe-double.ts'

let backends: Backends
let double: StripeDouble
let payments: PaymentsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  double = await startStripeDouble()
  payments = await startPayments({
    ...backends,
    database: backends.databaseName('payments'),
    wrap: () => createStripe(stripeOptions(double), () => new Date()),
  })
})
afterAll(async () => {
  await payments.stop()
  await double.stop()
  await backends.stop()
})
beforeEach(() => {
  double.refundStatus = 'succeeded'
  double.searchLags = false
})

const stripe = () => createStripe(stripeOptions(double), () => new Date())
const unclear = expect.objectContaining({ code: ProviderUnclear.code })
const refused = expect.objectContaining({ code: ProviderRefused.code })
const reserved = (orderId: string) => reservedWith(orderId, 'pm_card_visa')
const targetWith = (method = 'pm_card_visa', amount = total) => {
  const orderId = newId('ord')
  return { paymentId: paymentIdOf(orderId), orderId, amount, method }
}
const intentOf = (paymentId: string) =>
  [...double.intents.values()].filter(({ metadata }) => metadata['payment_id'] === paymentId)
const capId = () => newId('cap')
async function authorized(method?: string) {
  const target = targetWith(method)
  const { ref = '' } = await stripe().authorize(target)
  return { ...target, ref }
}

describe('an authorisation at Stripe', () => {
  test('is a confirmed PaymentIntent with manual capture that bears our ids', async () => {
    const target = targetWith()
    expect(await stripe().authorize(target)).toMatchObject({
      authorization: 'held',
      ref: expect.stringMatching(/^pi_/),
    })
    expect(intentOf(target.paymentId)).toMatchObject([
      { amount: 2500, currency: 'eur', status: 'requires_capture', metadata: { order_id: target.orderId } },
    ])
    const keys = double.requests.slice(-2).map(({ key }) => key)
    expect(keys).toEqual([`${target.paymentId}:create`, `${target.paymentId}:confirm`])
  })

  test.each([
    ['pm_card_chargeDeclined', 'payment_declined'],
    ['pm_card_chargeDeclinedInsufficientFunds', 'insufficient_funds'],
    ['pm_card_authenticationRequired', 'payment_declined'],
    ['pm_unknown', 'payment_declined'],
  ])('with %s is declined: %s, also when it is repeated', async (method, declineReason) => {
    const target = targetWith(method)
    for (let times = 0; times < 2; times += 1)
      expect(await stripe().authorize(target)).toMatchObject({ authorization: 'declined', declineReason })
  })

  test('holds the money once, though a fault left a PaymentIntent behind and no answer ever came', async () => {
    const target = targetWith()
    double.fail({ on: /POST \/v1\/payment_intents$/, kind: '500', when: 'after' })
    await expect(stripe().authorize(target)).rejects.toThrow(unclear)
    double.fail({ on: /\/confirm$/, kind: 'hang', when: 'after' })
    await expect(stripe().authorize(target)).rejects.toThrow(unclear)
    const [left, confirmedOne] = intentOf(target.paymentId)
    expect([left?.status, confirmedOne?.status]).toEqual(['requires_confirmation', 'requires_capture'])
    expect(await stripe().lookUp(target)).toMatchObject({ ref: confirmedOne?.id, authorization: 'held' })
    expect(await stripe().authorize(target)).toMatchObject({ ref: confirmedOne?.id, authorization: 'held' })
    expect(left?.status).toBe('requires_confirmation')
  })

  test('of an amount that Stripe does not take is declined', async () => {
    const target = targetWith('pm_card_visa', { amountMinor: 10, currency: 'EUR' })
    expect(await stripe().authorize(target)).toMatchObject({ authorization: 'declined' })
  })

  test('that was given up before it was made can never be made', async () => {
    const target = targetWith()
    expect(await stripe().void(target)).toMatchObject({ authorization: 'closed' })
    expect(await stripe().authorize(target)).toMatchObject({ authorization: 'closed' })
    expect(intentOf(target.paymentId)).toMatchObject([{ status: 'canceled' }])
  })
})

describe.each(['create', 'confirm'])('an authorisation whose %s gets no clear answer', (step) => {
  const on = step === 'create' ? /POST \/v1\/payment_intents$/ : /\/confirm$/

  test.each([
    ['500', 'before'],
    ['500', 'after'],
    ['hang', 'before'],
    ['hang', 'after'],
    ['reset', 'before'],
    ['reset', 'after'],
    ['429', 'before'],
    ['401', 'before'],
  ] as const)('(%s, %s its effect) is unclear, and repeated holds the money once', async (kind, when) => {
    const target = targetWith()
    double.fail({ on, kind, when })
    await expect(stripe().authorize(target)).rejects.toThrow(unclear)
    expect(await stripe().authorize(target)).toMatchObject({ authorization: 'held' })
    const held = intentOf(target.paymentId).filter(({ status }) => status === 'requires_capture')
    expect(held).toHaveLength(1)
  })
})

describe('captures at Stripe', () => {
  test('are made in parts, each once by its id, and the last one ends the authorisation', async () => {
    const target = await authorized()
    const [first, second] = [capId(), capId()]
    for (let times = 0; times < 2; times += 1) {
      const facts = await stripe().capture(target, { id: first, amountMinor: 1000 }, false)
      expect(facts).toMatchObject({ authorization: 'held', captures: [{ id: first, amountMinor: 1000 }] })
    }
    const last = await stripe().capture(target, { id: second, amountMinor: 1500 }, true)
    expect(last).toMatchObject({
      authorization: 'closed',
      captures: [{ id: first }, { id: second, amountMinor: 1500 }],
    })
    expect(double.intents.get(target.ref)).toMatchObject({ received: 2500, status: 'succeeded' })
  })

  test('of a card that takes one only give up the rest', async () => {
    const target = await authorized('pm_card_single_capture')
    const facts = await stripe().capture(target, { id: capId(), amountMinor: 1000 }, false)
    expect(facts).toMatchObject({ authorization: 'closed' })
    await expect(stripe().capture(target, { id: capId(), amountMinor: 1000 }, true)).rejects.toThrow(refused)
  })

  test('of more than is held are refused for good', async () => {
    const target = await authorized()
    await expect(stripe().capture(target, { id: capId(), amountMinor: 2501 }, true)).rejects.toThrow(refused)
    expect(double.intents.get(target.ref)).toMatchObject({ received: 0 })
  })

  test('leave a rest that is released without giving anything back', async () => {
    const target = await authorized()
    await stripe().capture(target, { id: capId(), amountMinor: 1000 }, false)
    expect(await stripe().void(target)).toMatchObject({ authorization: 'closed' })
    expect(double.intents.get(target.ref)).toMatchObject({ received: 1000, status: 'succeeded' })
    expect(await stripe().void(target)).toMatchObject({ authorization: 'closed' })
  })
})

describe.each(['capture', 'refund', 'void'] as const)('a %s that gets no clear answer', (step) => {
  const on = { capture: /\/capture$/, refund: /POST \/v1\/refunds$/, void: /\/cancel$/ }[step]

  test.each([
    ['500', 'before'],
    ['500', 'after'],
    ['hang', 'before'],
    ['hang', 'after'],
    ['reset', 'before'],
    ['reset', 'after'],
  ] as const)('(%s, %s its effect) is unclear, and repeated has one effect', async (kind, when) => {
    const target = await authorized()
    const [captureId, refundId] = [capId(), newId('ref')]
    const capture = () => stripe().capture(target, { id: captureId, amountMinor: 900 }, false)
    if (step === 'refund') await capture()
    double.fail({ on, kind, when })
    const ask = () =>
      step === 'capture'
        ? capture()
        : step === 'void'
          ? stripe().void(target)
          : stripe().refund(target, { id: refundId, amountMinor: 400 })
    await expect(ask()).rejects.toThrow(unclear)
    const { captures, refunds, authorization } = await ask()
    expect(captures).toEqual(step === 'capture' ? [{ id: captureId, amountMinor: 900 }] : [])
    expect(refunds).toEqual(step === 'refund' ? [{ id: refundId, amountMinor: 400, state: 'succeeded' }] : [])
    expect(authorization).toBe({ capture: 'held', refund: undefined, void: 'closed' }[step])
    expect(double.intents.get(target.ref)?.received).toBe(step === 'void' ? 0 : 900)
    expect(double.refunds.filter(({ intent }) => intent === target.ref)).toHaveLength(step === 'refund' ? 1 : 0)
  })
})

describe('what Stripe knows', () => {
  test('is told by our id where theirs is not known', async () => {
    const target = targetWith()
    expect(await stripe().lookUp(target)).toBeUndefined()
    const { ref } = await stripe().authorize(target)
    expect(await stripe().lookUp(target)).toMatchObject({
      ref,
      authorization: 'held',
      authorizedMinor: 2500,
      currency: 'EUR',
    })
    double.searchLags = true
    expect(await stripe().lookUp(target)).toBeUndefined()
    expect(await stripe().lookUp({ ...target, ...(ref !== undefined && { ref }) })).toMatchObject({ ref })
  })

  test('counts what was given back, and names what we asked for', async () => {
    const target = await authorized()
    const [captureId, refundId] = [capId(), newId('ref')]
    await stripe().capture(target, { id: captureId, amountMinor: 2000 }, false)
    await stripe().refund(target, { id: refundId, amountMinor: 700 })
    expect(await stripe().lookUp(target)).toMatchObject({
      capturedMinor: 2000,
      refundedMinor: 700,
      captures: [{ id: captureId, amountMinor: 2000 }],
      refunds: [{ id: refundId, amountMinor: 700, state: 'succeeded' }],
    })
    await expect(stripe().refund(target, { id: newId('ref'), amountMinor: 1301 })).rejects.toThrow(refused)
  })

  test('is listed page by page', async () => {
    for (let count = 0; count < 101; count += 1) await stripe().void(targetWith())
    const found = new Set<string>()
    let after: string | undefined
    do {
      const { items, next } = await stripe().list(new Date(0), after)
      for (const { paymentId } of items) found.add(paymentId)
      after = next
    } while (after !== undefined)
    expect(found.size).toBe(new Set([...double.intents.values()].map(({ metadata }) => metadata['payment_id'])).size)
    expect((await stripe().list(new Date(Date.now() + 3600_000), undefined)).items).toEqual([])
  })
})

describe('orders that are paid with Stripe', () => {
  test('are authorised, captured in parts, refunded in parts and ended', async () => {
    const orderId = newId('ord')
    const events = [reserved, confirmedToShip, shipped(1000), shipped(900), refundRequested(300), cancelled]
    for (const event of events) await payments.deliver(event(orderId))
    const payment = await payments.payment(orderId)
    expect(payment).toMatchObject({ status: 'refunded', capturedMinor: 1900, refundedMinor: 1900, provider: 'stripe' })
    expect(double.intents.get(payment?.providerRef ?? '')).toMatchObject({ received: 1900, status: 'succeeded' })
    expect(double.refunds.filter(({ intent }) => intent === payment?.providerRef).map(({ amount }) => amount)).toEqual([
      300, 1600,
    ])
  })

  test('are charged once whatever happens on the way', async () => {
    for (const kind of ['500', 'hang', 'reset'] as const) {
      for (const when of ['before', 'after'] as const) {
        const orderId = newId('ord')
        for (const on of [/POST \/v1\/payment_intents$/, /\/confirm$/, /\/capture$/, /POST \/v1\/refunds$/])
          double.fail({ on, kind, when })
        for (const event of [reserved, confirmed, refundRequested(500)]) await payments.deliver(event(orderId))
        const payment = await payments.payment(orderId)
        expect(payment).toMatchObject({ status: 'partially_refunded', capturedMinor: 2500, refundedMinor: 500 })
        const charged = intentOf(paymentIdOf(orderId)).filter(({ received }) => received > 0)
        expect(charged).toMatchObject([{ received: 2500 }])
        expect(double.refunds.filter(({ intent }) => intent === payment?.providerRef)).toHaveLength(1)
      }
    }
    expect(await payments.deadLetters()).toBe(0)
  }, 60_000)

  test('learn that an authorisation has lapsed when nothing can be captured any more', async () => {
    const orderId = newId('ord')
    for (const event of [reserved, confirmedToShip]) await payments.deliver(event(orderId))
    for (const intent of intentOf(paymentIdOf(orderId))) intent.status = 'canceled'
    await payments.deliver(shipped(1000)(orderId))
    expect(await payments.payment(orderId)).toMatchObject({ status: 'voided', captures: [{ state: 'refused' }] })
    const told = payments.published.filter(({ data }) => JSON.stringify(data).includes(orderId)).map(({ type }) => type)
    expect(told).toEqual(['payments.payment.authorized.v1', 'payments.capture.failed.v1', 'payments.payment.voided.v1'])
  })

  test('are declined with the reason of the card', async () => {
    const orderId = newId('ord')
    await payments.deliver(reservedWith(orderId, 'pm_card_chargeDeclinedInsufficientFunds'))
    expect(await payments.payment(orderId)).toMatchObject({ status: 'declined', declineReason: 'insufficient_funds' })
  })

  test('hear of a refund that takes its time, and of one that comes to nothing', async () => {
    const orderId = newId('ord')
    for (const event of [reserved, confirmed]) await payments.deliver(event(orderId))
    double.refundStatus = 'pending'
    const [first, second] = [newId('ref'), newId('ref')]
    for (const id of [first, second]) await payments.deliver(refundRequested(700, id)(orderId))
    expect(await payments.payment(orderId)).toMatchObject({
      refundedMinor: 0,
      refunds: [{ state: 'pending' }, { state: 'pending' }],
    })
    for (const made of double.refunds) {
      if (made.metadata['refund_id'] === first) made.status = 'succeeded'
      if (made.metadata['refund_id'] === second) made.status = 'failed'
    }
    payments.clock.now = new Date(payments.clock.now.getTime() + 3600_000)
    await payments.app.sweep()
    await payments.settle()
    expect(await payments.payment(orderId)).toMatchObject({
      refundedMinor: 700,
      refunds: [{ state: 'succeeded' }, { state: 'failed', failure: 'expired_or_canceled_card' }],
    })
    const told = (id: string) =>
      payments.published.filter(({ data }) => JSON.stringify(data).includes(id)).map(({ type }) => type)
    expect([told(first), told(second)]).toEqual([['payments.refund.succeeded.v1'], ['payments.refund.failed.v1']])
  })
})

describe('a comparison with Stripe', () => {
  test('names what was done there by hand', async () => {
    const from = new Date().toISOString()
    const [orderId, unknown] = [newId('ord'), targetWith()]
    for (const event of [reserved, confirmed]) await payments.deliver(event(orderId))
    const { providerRef: intent = '' } = (await payments.payment(orderId)) ?? {}
    double.refunds.push({ id: 're_byhand', amount: 900, intent, metadata: {}, status: 'succeeded' })
    await stripe().authorize(unknown)
    const started = await payments.request('POST', '/v1/payments/reconciliations', {
      as: { roles: ['operator'] },
      body: { from },
      headers: { 'idempotency-key': newId('key') },
    })
    const run: { id: string } = JSON.parse(JSON.stringify(started.body))
    await payments.app.reconciliations.run()
    const url = `/v1/payments/reconciliations/${run.id}/differences?limit=100`
    const { body } = await payments.request('GET', url, { as: { roles: ['operator'] } })
    const { items }: { items: { paymentId: string }[] } = JSON.parse(JSON.stringify(body))
    const of = (paymentId: string) => items.filter((one) => one.paymentId === paymentId)
    expect(of(paymentIdOf(orderId))).toMatchObject([
      { kind: 'amounts_differ', ours: { refundedMinor: 0 }, theirs: { capturedMinor: 2500, refundedMinor: 900 } },
    ])
    expect(of(unknown.paymentId)).toMatchObject([
      { kind: 'missing_here', theirs: { state: 'held', authorizedMinor: 2500 } },
    ])
  })
})

describe('a webhook of Stripe', () => {
  const library = new Stripe('sk_test_double')
  const url = '/v1/payments/webhooks/stripe'
  const sign = (payload: string, secret = 'whsec_double', timestamp = Math.floor(Date.now() / 1000)) =>
    library.webhooks.generateTestHeaderString({ payload, secret, timestamp })
  const eventFor = (type: string, object: object) =>
    JSON.stringify(
      { id: newId('evt'), object: 'event', api_version: '2026-10-28.endive', type, data: { object } },
      null,
      2,
    )
  const send = (payload: string, signature = sign(payload)) =>
    payments.requestRaw('POST', url, payload, { headers: { 'stripe-signature': signature } })

  async function refundedAtStripe() {
    const orderId = newId('ord')
    for (const event of [reserved, confirmed]) await payments.deliver(event(orderId))
    double.refundStatus = 'pending'
    const refundId = newId('ref')
    await payments.deliver(refundRequested(700, refundId)(orderId))
    const made = double.refunds.find(({ metadata }) => metadata['refund_id'] === refundId)
    if (made === undefined) throw new Error('no refund was made')
    made.status = 'succeeded'
    return { orderId, made }
  }

  test.each([
    [
      'by our id',
      (id: string, intent: string) => ({
        id: 're_1',
        object: 'refund',
        metadata: { payment_id: id },
        payment_intent: intent,
      }),
    ],
    [
      'by theirs',
      (_id: string, intent: string) => ({ id: 're_1', object: 'refund', metadata: {}, payment_intent: intent }),
    ],
  ])('lets the payment be looked up %s', async (_how, object) => {
    const { orderId, made } = await refundedAtStripe()
    expect(await send(eventFor('refund.updated', object(paymentIdOf(orderId), made.intent)))).toMatchObject({
      status: 200,
      body: { received: true },
    })
    expect(await payments.payment(orderId)).toMatchObject({ refundedMinor: 700 })
  })

  test('is refused when it was not signed, signed by somebody else, changed, or too old', async () => {
    const payload = eventFor('payment_intent.succeeded', { id: 'pi_1', object: 'payment_intent', metadata: {} })
    const tooOld = Math.floor(Date.now() / 1000) - 301
    for (const [body, signature] of [
      [payload, undefined],
      [payload, 'rubbish'],
      [payload, sign(payload, 'whsec_other')],
      [payload.replace('succeeded', 'canceled'), sign(payload)],
      [payload.replaceAll('\n', ''), sign(payload)],
      [payload, sign(payload, 'whsec_double', tooOld)],
    ] as const) {
      const headers: Record<string, string> = signature === undefined ? {} : { 'stripe-signature': signature }
      const before = await payments.contents()
      const answer = await payments.requestRaw('POST', url, body, { headers })
      expect(answer).toMatchObject({ status: 400, body: { code: 'PAYMENTS_WEBHOOK_FORGED' } })
      expect(await payments.contents()).toEqual(before)
    }
  })

  test('about something else is taken and leads nowhere', async () => {
    const payload = eventFor('customer.created', { id: 'cus_1', object: 'customer' })
    expect(await send(payload)).toMatchObject({ status: 200 })
    expect(payments.unknownWebhooks).toContain(JSON.parse(payload).id)
  })

  test('is asked for again while Stripe does not answer what it was about', async () => {
    const { orderId, made } = await refundedAtStripe()
    const payload = eventFor('refund.updated', { id: made.id, metadata: {}, payment_intent: made.intent })
    double.fail({ on: /GET \/v1\/payment_intents\//, kind: '500', when: 'before' })
    expect(await send(payload)).toMatchObject({ status: 503 })
    expect(await payments.payment(orderId)).toMatchObject({ refundedMinor: 0 })
    expect(await send(payload)).toMatchObject({ status: 200 })
    expect(await payments.payment(orderId)).toMatchObject({ refundedMinor: 700 })
  })

  test('of another provider leads nowhere, and the simulator is not there', async () => {
    const signed = { body: {}, headers: { 'simulator-signature': 't=1,v1=0' } }
    await expectRefusal(
      payments,
      ['POST', '/v1/payments/webhooks/simulator', signed],
      404,
      'PAYMENTS_PROVIDER_NOT_IN_USE',
    )
    const script = { as: { roles: ['operator'] }, body: { step: 'capture' } }
    const call = ['POST', '/v1/payments/simulator/script', script] as const
    await expectRefusal(payments, call, 404, 'PAYMENTS_SIMULATOR_NOT_IN_USE')
  })
})
