import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type PaymentProvider, ProviderRefused, ProviderUnclear } from '../src/providers/payment-provider.ts'
import { createSimulator } from '../src/providers/simulator.ts'
import { cancelled, confirmed, reserved, total } from './order-events.ts'
import { type PaymentsUnderTest, startPayments } from './payments-under-test.ts'

type Fault = 'request lost' | 'answer lost'
type Step = 'authorize' | 'capture' | 'void' | 'refund'

/** Faults that are still to come, by payment and step: each is met once, `for ever` always. */
const faults = new Map<string, { fault: Fault; times: number }>()
const failOnce = (orderId: string, step: Step, fault: Fault, times = 1) =>
  faults.set(`${step} ${orderId.replace('ord_', 'pay_')}`, { fault, times })

async function meet<T>(step: Step, { paymentId }: { paymentId: string }, ask: () => Promise<T>): Promise<T> {
  const planned = faults.get(`${step} ${paymentId}`)
  if (planned === undefined || planned.times === 0) return await ask()
  planned.times -= 1
  if (planned.fault === 'answer lost') await ask()
  throw ProviderUnclear({ paymentId, reason: planned.fault })
}

const faulty = (provider: PaymentProvider): PaymentProvider => ({
  ...provider,
  authorize: (target) => meet('authorize', target, () => provider.authorize(target)),
  capture: (target, part, isFinal) => meet('capture', target, () => provider.capture(target, part, isFinal)),
  void: (target) => meet('void', target, () => provider.void(target)),
  refund: (target, part) => meet('refund', target, () => provider.refund(target, part)),
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
  const refused = expect.objectContaining({ code: ProviderRefused.code })
  const targetWith = (method = 'pm_approve') => {
    const orderId = newId('ord')
    return { paymentId: orderId.replace('ord_', 'pay_'), orderId, amount: total, method }
  }
  const whole = { id: 'cap_1', amountMinor: 2500 }

  test('knows a payment and its parts by their ids: the same call again has no second effect', async () => {
    const [target, provider] = [targetWith(), simulator()]
    for (const [ask, authorization] of [
      [() => provider.authorize(target), 'held'],
      [() => provider.capture(target, { id: 'cap_1', amountMinor: 1000 }, false), 'held'],
      [() => provider.capture(target, { id: 'cap_2', amountMinor: 1500 }, false), 'closed'],
      [() => provider.refund(target, { id: 'ref_1', amountMinor: 700 }), 'closed'],
    ] as const) {
      const answers = await Promise.all([ask(), ask(), ask()])
      expect(new Set(answers.map((answer) => answer.authorization))).toEqual(new Set([authorization]))
    }
    expect(await payments.charge(target.orderId)).toMatchObject({
      captures: 2,
      capturedMinor: 2500,
      refunds: 1,
      refundedMinor: 700,
    })
  })

  test('answers an authorisation with what became of the payment since', async () => {
    const [target, provider] = [targetWith(), simulator()]
    expect(await provider.void(target)).toMatchObject({ authorization: 'closed' })
    expect(await provider.authorize(target)).toMatchObject({ authorization: 'closed' })
    await expect(provider.capture(target, whole, true)).rejects.toThrow(refused)
  })

  test('refuses to take more than is held and to give back more than was taken', async () => {
    const [target, provider] = [targetWith(), simulator()]
    await provider.authorize(target)
    await expect(provider.refund(target, { id: 'ref_1', amountMinor: 1 })).rejects.toThrow(refused)
    await expect(provider.capture(target, { id: 'cap_2', amountMinor: 2501 }, true)).rejects.toThrow(refused)
    await provider.capture(target, { id: 'cap_1', amountMinor: 1000 }, true)
    await expect(provider.capture(target, { id: 'cap_2', amountMinor: 1 }, true)).rejects.toThrow(refused)
    await expect(provider.refund(target, { id: 'ref_1', amountMinor: 1001 })).rejects.toThrow(refused)
    expect(await provider.void(target)).toMatchObject({ captures: [{ id: 'cap_1', amountMinor: 1000 }] })
  })

  test('knows nothing of a payment that was never begun', async () => {
    expect(await simulator().lookUp(targetWith())).toBeUndefined()
    await expect(simulator().capture(targetWith(), whole, true)).rejects.toThrow(unclear)
    await expect(simulator().refund(targetWith(), whole)).rejects.toThrow(unclear)
  })

  test.each([
    ['pm_timeout_then_charge', 'authorized'],
    ['pm_timeout_no_charge', undefined],
    ['pm_error_once', undefined],
  ])('%s: the first answer is unclear and the charge then is %s; the second is clear', async (method, state) => {
    const [target, provider] = [targetWith(method), simulator()]
    await expect(provider.authorize(target)).rejects.toThrow(unclear)
    expect((await payments.charge(target.orderId))?.state).toBe(state)
    expect(await provider.authorize(target)).toMatchObject({ authorization: 'held' })
  })
})

describe('the script of the simulator', () => {
  test.each([
    ['timeout_before', 'the request is lost'],
    ['timeout_after', 'the answer is lost'],
    ['error', 'the provider fails'],
  ] as const)('%s: %s at every step, and each has one effect', async (outcome, _meaning) => {
    const orderId = newId('ord')
    const paymentId = orderId.replace('ord_', 'pay_')
    for (const step of ['authorize', 'capture', 'refund', 'void', 'look_up'] as const) {
      await payments.script({ step, outcome, paymentId, times: 2 })
    }
    for (const event of [reserved, confirmed, cancelled]) await payments.deliver(event(orderId))
    expect(await payments.charge(orderId)).toMatchObject({ state: 'refunded', captures: 1, refunds: 1 })
    expect(await payments.payment(orderId)).toMatchObject({ status: 'refunded' })
    expect(await payments.deadLetters()).toBe(0)
  })

  test('declines what would be approved, and says why', async () => {
    const orderId = newId('ord')
    await payments.script({
      step: 'authorize',
      outcome: 'insufficient_funds',
      paymentId: orderId.replace('ord_', 'pay_'),
    })
    await payments.deliver(reserved(orderId))
    expect(await payments.payment(orderId)).toMatchObject({ status: 'declined', declineReason: 'insufficient_funds' })
  })

  test('is for so many calls of a method and for no other', async () => {
    const method = `pm_${newId('x')}`
    await payments.script({ step: 'authorize', outcome: 'decline', method: 'pm_slow' })
    await payments.script({ step: 'authorize', outcome: 'insufficient_funds', method, times: 1 })
    const [first, second] = [newId('ord'), newId('ord')]
    for (const orderId of [first, second]) await payments.deliver(reserved(orderId, method))
    expect(await payments.payment(first)).toMatchObject({ declineReason: 'insufficient_funds' })
    expect(await payments.payment(second)).toMatchObject({ declineReason: 'payment_declined' })
  })
})

describe('a provider that does not answer', () => {
  test('is asked what it knows before anything is repeated', async () => {
    const orderId = newId('ord')
    await payments.deliver(reserved(orderId))
    const paymentId = orderId.replace('ord_', 'pay_')
    await payments.script({ step: 'capture', outcome: 'timeout_after', paymentId })
    // A second capture would be refused, and show that it was asked for.
    await payments.script({ step: 'capture', outcome: 'refuse', paymentId, times: 10 })
    await payments.deliver(confirmed(orderId))
    expect(await payments.payment(orderId)).toMatchObject({ status: 'captured', capturedMinor: 2500 })
  })
})
