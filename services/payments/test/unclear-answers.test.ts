import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import type { ProviderState } from '../src/domain/payment.ts'
import { type PaymentProvider, ProviderUnclear } from '../src/providers/payment-provider.ts'
import { createSimulator } from '../src/providers/simulator.ts'
import { cancelled, confirmed, reserved, total } from './order-events.ts'
import { type PaymentsUnderTest, startPayments } from './payments-under-test.ts'

type Fault = 'request lost' | 'answer lost'
type Step = 'authorize' | 'capture' | 'void' | 'refund'

/** Faults that are still to come, by payment and step: each is met once, `for ever` always. */
const faults = new Map<string, { fault: Fault; times: number }>()
const failOnce = (orderId: string, step: Step, fault: Fault, times = 1) =>
  faults.set(`${step} ${orderId.replace('ord_', 'pay_')}`, { fault, times })

async function meet(step: Step, paymentId: string, ask: () => Promise<ProviderState>): Promise<ProviderState> {
  const planned = faults.get(`${step} ${paymentId}`)
  if (planned === undefined || planned.times === 0) return await ask()
  planned.times -= 1
  if (planned.fault === 'answer lost') await ask()
  throw ProviderUnclear({ paymentId, reason: planned.fault })
}

const faulty = (provider: PaymentProvider): PaymentProvider => ({
  name: provider.name,
  authorize: (id, amount, method) => meet('authorize', id, () => provider.authorize(id, amount, method)),
  capture: (id) => meet('capture', id, () => provider.capture(id)),
  void: (id) => meet('void', id, () => provider.void(id)),
  refund: (id) => meet('refund', id, () => provider.refund(id)),
})

let backends: Backends
let payments: PaymentsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  payments = await startPayments({ ...backends, database: backends.databaseName('payments'), wrap: faulty })
})
afterAll(async () => {
  await payments.stop()
  await backends.stop()
})

const lives = {
  authorize: [[reserved], { state: 'authorized', captures: 0, refunds: 0 }],
  capture: [[reserved, confirmed], { state: 'captured', captures: 1, refunds: 0 }],
  void: [[reserved, cancelled], { state: 'voided', captures: 0, refunds: 0 }],
  refund: [[reserved, confirmed, cancelled], { state: 'refunded', captures: 1, refunds: 1 }],
} as const
const cases = (['authorize', 'capture', 'void', 'refund'] as const).flatMap((step) =>
  (['request lost', 'answer lost'] as const).map((fault) => [step, fault] as const),
)

describe('an unclear answer is no answer', () => {
  test.each(cases)('%s, %s: is asked again by the event’s redelivery, with one effect', async (step, fault) => {
    const orderId = newId('ord')
    failOnce(orderId, step, fault)
    const [events, charge] = lives[step]
    for (const event of events) await payments.deliver(event(orderId))
    expect(await payments.charge(orderId)).toMatchObject(charge)
    expect(await payments.payment(orderId)).toMatchObject({ status: charge.state })
    expect(await payments.deadLetters()).toBe(0)
  })

  test.each(cases)('%s, %s: is asked again by the sweeper after a crash, with one effect', async (step, fault) => {
    const orderId = newId('ord')
    failOnce(orderId, step, fault)
    const [events, charge] = lives[step]
    for (const event of events) {
      const { id, type, data } = event(orderId)
      const handler = payments.app.onOrders.find(({ contract }) => contract.type === type)
      const handled = handler?.handle({ id, type, data, time: new Date() })
      // The process dies with the unclear answer: nobody redelivers.
      await Promise.allSettled([handled])
    }
    await payments.app.sweep()
    expect(await payments.payment(orderId)).not.toMatchObject({ status: charge.state })
    payments.clock.now = new Date(payments.clock.now.getTime() + 10_000)
    await Promise.all([payments.app.sweep(), payments.app.sweep()])
    expect(await payments.charge(orderId)).toMatchObject(charge)
    expect(await payments.payment(orderId)).toMatchObject({ status: charge.state })
    await payments.settle()
    const told = payments.published.filter(({ data }) => JSON.stringify(data).includes(orderId))
    expect(new Set(told.map(({ type }) => type)).size).toBe(told.length)
  })
})

describe('the sweeper', () => {
  test('lets no payment that stays unclear keep another one waiting', async () => {
    const stuck = Array.from({ length: 60 }, () => newId('ord'))
    const waiting = newId('ord')
    for (const orderId of stuck) failOnce(orderId, 'authorize', 'request lost', Number.POSITIVE_INFINITY)
    failOnce(waiting, 'authorize', 'request lost')
    const [onReserved] = payments.app.onOrders
    const begin = (orderId: string) =>
      Promise.allSettled([onReserved?.handle({ ...reserved(orderId), time: new Date() })])
    for (const orderId of stuck) await begin(orderId)
    payments.clock.now = new Date(payments.clock.now.getTime() + 1)
    await begin(waiting)
    payments.clock.now = new Date(payments.clock.now.getTime() + 10_000)
    const before = payments.failures.length
    for (let sweeps = 0; sweeps < 2; sweeps += 1) await payments.app.sweep()
    expect(await payments.payment(waiting)).toMatchObject({ status: 'authorized' })
    expect(payments.failures.length - before).toBe(stuck.length)
    for (const orderId of stuck) faults.delete(`authorize ${orderId.replace('ord_', 'pay_')}`)
    payments.clock.now = new Date(payments.clock.now.getTime() + 10_000)
    for (let sweeps = 0; sweeps < 2; sweeps += 1) await payments.app.sweep()
    for (const orderId of stuck) expect(await payments.payment(orderId)).toMatchObject({ status: 'authorized' })
  })

  test('leaves alone what is where its order wants it', async () => {
    const orderId = newId('ord')
    await payments.deliver(reserved(orderId))
    payments.clock.now = new Date(payments.clock.now.getTime() + 3_600_000)
    const before = await payments.contents()
    await payments.app.sweep()
    expect(await payments.contents()).toEqual(before)
  })
})

describe('the simulated provider', () => {
  const simulator = () => createSimulator(payments.db, () => payments.clock.now)
  const unclear = expect.objectContaining({ code: ProviderUnclear.code })

  test('knows a payment by its id: the same call again has no second effect', async () => {
    const [id, provider] = [newId('pay'), simulator()]
    for (const [ask, state] of [
      [() => provider.authorize(id, total, 'pm_approve'), 'authorized'],
      [() => provider.capture(id), 'captured'],
      [() => provider.refund(id), 'refunded'],
    ] as const) {
      const answers = await Promise.all([ask(), ask(), ask()])
      expect(answers).toEqual([{ state }, { state }, { state }])
    }
    expect(await payments.charge(id.replace('pay_', 'ord_'))).toMatchObject({
      captures: 1,
      refunds: 1,
      amountMinor: 2500,
    })
  })

  test('answers an authorisation with what became of the payment since', async () => {
    const [id, provider] = [newId('pay'), simulator()]
    expect(await provider.void(id)).toEqual({ state: 'voided' })
    expect(await provider.authorize(id, total, 'pm_approve')).toEqual({ state: 'voided' })
    expect(await provider.capture(id)).toEqual({ state: 'voided' })
  })

  test('says that a void came too late, and refuses to refund what was not taken', async () => {
    const [id, provider] = [newId('pay'), simulator()]
    await provider.authorize(id, total, 'pm_approve')
    expect(await provider.refund(id)).toEqual({ state: 'authorized' })
    await provider.capture(id)
    expect(await provider.void(id)).toEqual({ state: 'captured' })
  })

  test('knows nothing of a payment that was never begun', async () => {
    await expect(simulator().capture(newId('pay'))).rejects.toThrow(unclear)
    await expect(simulator().refund(newId('pay'))).rejects.toThrow(unclear)
  })

  test.each([
    ['pm_timeout_then_charge', 'authorized'],
    ['pm_timeout_no_charge', undefined],
    ['pm_error_once', undefined],
  ])('%s: the first answer is unclear and the charge then is %s; the second is clear', async (method, state) => {
    const [id, provider] = [newId('pay'), simulator()]
    await expect(provider.authorize(id, total, method)).rejects.toThrow(unclear)
    expect((await payments.charge(id.replace('pay_', 'ord_')))?.state).toBe(state)
    expect(await provider.authorize(id, total, method)).toEqual({ state: 'authorized' })
  })
})
