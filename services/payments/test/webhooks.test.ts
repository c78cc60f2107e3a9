import { newId } from '@tradewind/service-kit/ids'
import { faultsIn } from '@tradewind/service-testkit/bad-input'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { PaymentProvider } from '../src/providers/payment-provider.ts'
import { isSigned, signWebhook } from '../src/providers/webhook-signature.ts'
import { cancelled, confirmed, reserved } from './order-events.ts'
import { type PaymentsUnderTest, paymentIdOf, startPayments } from './payments-under-test.ts'

/** How often the provider was asked what it knows of a payment. */
const looks = new Map<string, number>()
const counting = (provider: PaymentProvider): PaymentProvider => ({
  ...provider,
  lookUp: (target) => {
    looks.set(target.paymentId, (looks.get(target.paymentId) ?? 0) + 1)
    return provider.lookUp(target)
  },
})

let backends: Backends
let payments: PaymentsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  payments = await startPayments({ ...backends, database: backends.databaseName('payments'), wrap: counting })
})
afterAll(async () => {
  await payments.stop()
  await backends.stop()
})

const later = (ms: number) => {
  payments.clock.now = new Date(payments.clock.now.getTime() + ms)
}
const bodyFor = (orderId: string) =>
  JSON.stringify({ id: newId('evt'), type: 'charge.captured', paymentId: paymentIdOf(orderId) })

async function secret(): Promise<string> {
  await payments.simulator.readWebhook(Buffer.from('{}'), undefined).catch(() => undefined)
  const stored = await payments.db.collection<{ secret: string }>('simulator_settings').findOne()
  return stored?.secret ?? ''
}
const send = (body: string, signature: string) =>
  payments.requestRaw('POST', '/v1/payments/webhooks/simulator', body, {
    headers: { 'simulator-signature': signature, 'content-type': 'application/json; charset=utf-8' },
  })
const signed = async (body: string) => send(body, signWebhook(Buffer.from(body), await secret(), payments.clock.now))

/** A payment that was captured, and of which the answer never came: only the provider knows. */
async function capturedUnheard(): Promise<string> {
  const orderId = newId('ord')
  await payments.deliver(reserved(orderId))
  await payments.script({ step: 'capture', outcome: 'timeout_after', paymentId: paymentIdOf(orderId) })
  const onConfirmed = payments.app.onOrders.find(({ contract }) => contract.type === confirmed(orderId).type)
  await Promise.allSettled([onConfirmed?.handle({ ...confirmed(orderId), time: new Date() })])
  expect(await payments.payment(orderId)).toMatchObject({ status: 'authorized' })
  return orderId
}

describe('a webhook', () => {
  test('lets the provider be asked, once for each event however often it comes', async () => {
    const orderId = await capturedUnheard()
    const body = bodyFor(orderId)
    expect(await signed(body)).toMatchObject({ status: 200, body: { received: true } })
    expect(await payments.payment(orderId)).toMatchObject({ status: 'captured', capturedMinor: 2500 })
    const before = await payments.contents()
    for (let times = 0; times < 3; times += 1) expect(await signed(body)).toMatchObject({ status: 200 })
    expect(await payments.contents()).toEqual(before)
    expect(looks.get(paymentIdOf(orderId))).toBe(1)
  })

  test('that comes late and after others changes nothing that happened since', async () => {
    const orderId = newId('ord')
    const old = bodyFor(orderId)
    for (const event of [reserved, confirmed, cancelled]) await payments.deliver(event(orderId))
    const before = await payments.payment(orderId)
    later(24 * 3600_000)
    expect(await signed(bodyFor(orderId))).toMatchObject({ status: 200 })
    expect(await signed(old)).toMatchObject({ status: 200 })
    expect(await payments.payment(orderId)).toEqual(before)
  })

  test('about a payment that is not known is taken, noted and leads nowhere', async () => {
    const body = bodyFor(newId('ord'))
    expect(await signed(body)).toMatchObject({ status: 200 })
    expect(payments.unknownWebhooks).toContain(JSON.parse(body).id)
  })

  test('is refused when it was forged, changed, replayed after five minutes or signed for the future', async () => {
    const orderId = await capturedUnheard()
    const [body, key, at] = [bodyFor(orderId), await secret(), payments.clock.now.getTime()]
    const sign = (text: string, by = key, when = at) => signWebhook(Buffer.from(text), by, new Date(when))
    const forgeries = [
      '',
      'rubbish',
      't=1,v1=',
      sign(body, 'another secret'),
      sign(`${body} `),
      sign(body, key, at - 301_000),
      sign(body, key, at + 301_000),
      `${sign(body)},v1=${'0'.repeat(64)}`,
    ]
    const before = await payments.contents()
    for (const signature of forgeries) {
      const answer = await send(body, signature === '' ? '-' : signature)
      expect([answer.status, faultsIn(answer.body).code]).toEqual([400, 'PAYMENTS_WEBHOOK_FORGED'])
    }
    expect(await payments.contents()).toEqual(before)
  })

  test('is believed for its bytes as they came, whatever they are', async () => {
    const body = `{ "paymentId":"${paymentIdOf(newId('ord'))}",\n\t"id": "evt_€", "constructor": 1 }`
    expect(await signed(body)).toMatchObject({ status: 200 })
    expect(isSigned(Buffer.from(body), signWebhook(Buffer.from(body), 'a', new Date(0)), 'a', new Date(300_000))).toBe(
      true,
    )
    expect(isSigned(Buffer.from(body), signWebhook(Buffer.from(body), 'a', new Date(0)), 'a', new Date(300_001))).toBe(
      false,
    )
  })

  test('that is too large or of another type is refused', async () => {
    const url = '/v1/payments/webhooks/simulator'
    expect(await signed(JSON.stringify({ filler: 'x'.repeat(262_144) }))).toMatchObject({ status: 413 })
    const headers = { 'content-type': 'text/plain', 'simulator-signature': 'x' }
    expect(await payments.requestRaw('POST', url, '{}', { headers })).toMatchObject({ status: 415 })
    expect(await payments.request('POST', '/v1/payments/webhooks/paypal', { body: {} })).toMatchObject({ status: 400 })
  })

  test('is answered 503 while the provider does not answer, and then taken', async () => {
    const orderId = await capturedUnheard()
    const body = bodyFor(orderId)
    await payments.script({ step: 'look_up', outcome: 'error', paymentId: paymentIdOf(orderId) })
    expect(await signed(body)).toMatchObject({ status: 503 })
    expect(await signed(body)).toMatchObject({ status: 200 })
    expect(await payments.payment(orderId)).toMatchObject({ status: 'captured' })
  })

  test('is remembered for a week', async () => {
    await signed(bodyFor(newId('ord')))
    const count = () => payments.db.collection('webhook_events').countDocuments()
    const before = await count()
    later(6 * 24 * 3600_000)
    await payments.app.forgetOldRecords()
    expect(await count()).toBeGreaterThan(0)
    later(24 * 3600_000 + 1)
    await payments.app.forgetOldRecords()
    expect([before > 0, await count()]).toEqual([true, 0])
  })
})

describe('the webhooks of the simulator', () => {
  const scripted = async (webhook: 'once' | 'twice' | 'late' | 'reversed' | 'forged') => {
    const orderId = newId('ord')
    await payments.deliver(reserved(orderId))
    await payments.script({ step: 'capture', outcome: 'timeout_after', webhook, paymentId: paymentIdOf(orderId) })
    const onConfirmed = payments.app.onOrders.find(({ contract }) => contract.type === confirmed(orderId).type)
    await Promise.allSettled([onConfirmed?.handle({ ...confirmed(orderId), time: new Date() })])
    return orderId
  }

  test.each(['once', 'twice'] as const)('come %s and tell what the answer did not', async (kind) => {
    const orderId = await scripted(kind)
    expect(await payments.sendWebhooks()).toBe(kind === 'once' ? 1 : 2)
    expect(await payments.payment(orderId)).toMatchObject({ status: 'captured' })
    expect(looks.get(paymentIdOf(orderId))).toBe(1)
    expect(await payments.sendWebhooks()).toBe(0)
  })

  test('come late when they are told to', async () => {
    const orderId = await scripted('late')
    expect(await payments.sendWebhooks()).toBe(0)
    later(60_000)
    expect(await payments.sendWebhooks()).toBe(1)
    expect(await payments.payment(orderId)).toMatchObject({ status: 'captured' })
  })

  test('come out of order when they are told to', async () => {
    const first = await scripted('reversed')
    const second = await scripted('once')
    expect(await payments.sendWebhooks()).toBe(1)
    expect(await payments.payment(second)).toMatchObject({ status: 'captured' })
    expect(await payments.payment(first)).toMatchObject({ status: 'authorized' })
    later(2000)
    expect(await payments.sendWebhooks()).toBe(1)
    expect(await payments.payment(first)).toMatchObject({ status: 'captured' })
  })

  test('that are forged are refused and change nothing', async () => {
    const orderId = await scripted('forged')
    expect(await payments.sendWebhooks()).toBe(1)
    expect(await payments.payment(orderId)).toMatchObject({ status: 'authorized' })
    expect(looks.get(paymentIdOf(orderId))).toBeUndefined()
  })
})
