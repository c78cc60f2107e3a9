import { randomInt } from 'node:crypto'
import type { DomainEvent } from '@tradewind/contracts/event'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { cancelled, confirmed, confirmedToShip, refundRequested, reserved, shipped } from './order-events.ts'
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

/** Chance by seed (mulberry32), so that a failure can be repeated. */
function chanceOf(seed: number) {
  let state = seed
  const next = () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (limit: number) => Math.floor(next() * limit)
  return {
    below,
    flip: (share: number) => next() < share,
    oneOf: <const T>(items: readonly [T, ...T[]]): T => items[below(items.length)] ?? items[0],
    shuffled: <T>(items: readonly T[]): T[] =>
      items
        .map((item) => ({ item, place: next() }))
        .toSorted((a, b) => a.place - b.place)
        .map(({ item }) => item),
  }
}

const seed = Number(process.env['SEED'] ?? randomInt(2 ** 31))
const orderCount = 40

/** What one order asks for: at once or as it ships, with returns, and for some of them an end. */
function lifeOf(orderId: string, chance: ReturnType<typeof chanceOf>): { events: DomainEvent[]; net: number } {
  const inParts = chance.flip(0.6)
  const cuts = inParts ? [500 + chance.below(500), 500 + chance.below(500), chance.below(500)] : []
  const taken = inParts ? cuts.reduce((a, b) => a + b) : 2500
  const back = chance.flip(0.6) ? [chance.below(400), chance.below(400)] : []
  const isCancelled = chance.flip(0.3)
  const steps = [
    reserved,
    inParts ? confirmedToShip : confirmed,
    ...cuts.map((cut, index) => shipped(cut, index === cuts.length - 1)),
    ...back.map((amount) => refundRequested(amount)),
    ...(isCancelled ? [cancelled] : []),
  ]
  const given = back.reduce((a, b) => a + b, 0)
  return { events: steps.map((step) => step(orderId)), net: isCancelled ? 0 : taken - given }
}

test(`orders with duplicates, in any order, with a provider that fails, end as they should (SEED=${seed})`, async () => {
  const chance = chanceOf(seed)
  const orders = Array.from({ length: orderCount }, () => newId('ord'))
  const lives = new Map(orders.map((orderId) => [orderId, lifeOf(orderId, chance)]))
  for (const orderId of orders) {
    for (const step of ['authorize', 'capture', 'refund', 'void', 'look_up'] as const) {
      const outcome = chance.oneOf(['as_usual', 'timeout_before', 'timeout_after', 'error'])
      const webhook = chance.oneOf(['none', 'once', 'twice', 'late', 'reversed', 'forged'])
      await payments.script({ step, outcome, webhook, paymentId: paymentIdOf(orderId) })
    }
  }
  const all = [...lives.values()].flatMap(({ events }) => events)
  const messages = chance.shuffled([...all, ...all.filter(() => chance.flip(0.5))])
  for (const [index, message] of messages.entries()) {
    await payments.publish(message)
    if (index % 50 === 0) await Promise.all([payments.app.sweep(), payments.replica().sweep(), payments.sendWebhooks()])
  }
  await payments.settle()
  for (let sweeps = 0; sweeps < 4; sweeps += 1) {
    payments.clock.now = new Date(payments.clock.now.getTime() + 5 * 60_000)
    await Promise.all([payments.app.sweep(), payments.replica().sweep(), payments.sendWebhooks()])
  }
  for (const [orderId, { net }] of lives) {
    const [payment, charge] = [await payments.payment(orderId), await payments.charge(orderId)]
    const [captured, refunded] = [charge?.capturedMinor ?? 0, charge?.refundedMinor ?? 0]
    const found = {
      orderId,
      net: captured - refunded,
      booked: [payment?.capturedMinor, payment?.refundedMinor],
      balance: payment?.ledger.reduce((sum, { amountMinor }) => sum + amountMinor, 0),
      intent: payment?.intent,
      isHeldForNothing: payment?.isCancelled === true && charge?.state === 'authorized',
    }
    const wanted = {
      orderId,
      net,
      booked: [captured, refunded],
      balance: 0,
      intent: undefined,
      isHeldForNothing: false,
    }
    expect(found).toEqual(wanted)
  }
  expect(await payments.deadLetters()).toBe(0)
  // Each thing was told once, however often it was asked for again.
  const own = payments.published.filter(({ data }) => orders.some((orderId) => JSON.stringify(data).includes(orderId)))
  const told = [...new Map(own.map((event) => [event.id, event])).values()].map(
    ({ type, data }) => `${type} ${JSON.stringify(data)}`,
  )
  expect(told.length).toBe(new Set(told).size)
}, 60_000)
