import type { Reconciliation } from '@tradewind/contracts/payments'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import {
  cancelled,
  confirmed,
  confirmedToShip,
  refundRequested,
  reserved,
  reservedForNothing,
  shipped,
} from './order-events.ts'
import { type PaymentsUnderTest, paymentIdOf, startPayments } from './payments-under-test.ts'

let backends: Backends
let payments: PaymentsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  payments = await startPayments({ ...backends, database: backends.databaseName('payments'), reconcileHour: 3 })
})
afterAll(async () => {
  await payments.stop()
  await backends.stop()
})

const userId = newId('usr')
const as = { userId, roles: ['operator'] }
const charges = () => payments.db.collection<{ _id: string }>('simulator_charges')

async function start(body: object = {}, key = newId('key')) {
  const answer = await payments.request('POST', '/v1/payments/reconciliations', {
    as,
    body,
    headers: { 'idempotency-key': key },
  })
  const run: Reconciliation = JSON.parse(JSON.stringify(answer.body))
  return { ...answer, run }
}
const read = async (
  url: string,
): Promise<Record<string, unknown> & { items: Record<string, unknown>[]; nextCursor: string | null }> =>
  JSON.parse(JSON.stringify((await payments.request('GET', url, { as })).body))
const show = (id: string) => read(`/v1/payments/reconciliations/${id}`)
const differencesOf = async (id: string) =>
  (await read(`/v1/payments/reconciliations/${id}/differences?limit=100`)).items
const mismatches = (id: string) =>
  payments.published.filter(
    ({ type, data }) => type === 'payments.reconciliation.mismatch.v1' && JSON.stringify(data).includes(id),
  )

async function paid(...events: readonly (typeof confirmed)[]): Promise<string> {
  const orderId = newId('ord')
  for (const event of [reserved, ...events]) await payments.deliver(event(orderId))
  return orderId
}

describe('a comparison with the provider', () => {
  test('finds nothing where both agree, whatever became of a payment', async () => {
    await paid()
    await paid(confirmed)
    await paid(confirmed, refundRequested(300))
    await paid(confirmedToShip, shipped(1000))
    await paid(confirmed, cancelled)
    await paid(cancelled)
    await payments.deliver(cancelled(newId('ord')))
    await payments.deliver(confirmed(newId('ord')))
    await payments.deliver(reservedForNothing(newId('ord')))
    await payments.deliver(reserved(newId('ord'), 'pm_decline'))
    const { status, run } = await start()
    expect([status, run.status, run.requestedBy]).toEqual([202, 'queued', userId])
    await payments.app.reconciliations.run()
    expect(await show(run.id)).toMatchObject({ status: 'completed', checked: 10, differences: 0 })
    expect(await differencesOf(run.id)).toEqual([])
  })

  test('names every difference once, with what each side says', async () => {
    const [lost, more, open, unknown] = [await paid(confirmed), await paid(confirmed), await paid(), newId('ord')]
    await charges().deleteOne({ _id: paymentIdOf(lost) })
    await charges().updateOne({ _id: paymentIdOf(more) }, { $set: { refundedMinor: 100 } })
    await charges().updateOne({ _id: paymentIdOf(open) }, { $set: { state: 'voided' } })
    const { _id, ...charge } = (await charges().findOne({ _id: paymentIdOf(open) })) ?? {}
    await charges().insertOne({ ...charge, _id: paymentIdOf(unknown) })
    const { run } = await start()
    await payments.app.reconciliations.run()
    expect(await show(run.id)).toMatchObject({ status: 'completed', differences: 4 })
    const figures = { authorizedMinor: 2500, capturedMinor: 2500, refundedMinor: 0, currency: 'EUR' }
    const expected = [
      {
        paymentId: paymentIdOf(lost),
        kind: 'missing_at_provider',
        ours: { state: 'closed', ...figures },
        theirs: null,
      },
      {
        paymentId: paymentIdOf(more),
        kind: 'amounts_differ',
        ours: { refundedMinor: 0 },
        theirs: { refundedMinor: 100 },
      },
      { paymentId: paymentIdOf(open), kind: 'state_differs', ours: { state: 'held' }, theirs: { state: 'closed' } },
      { paymentId: paymentIdOf(unknown), kind: 'missing_here', ours: null, theirs: { authorizedMinor: 2500 } },
    ]
    expect(await differencesOf(run.id)).toMatchObject(expected)
    await payments.settle()
    expect(mismatches(run.id).map(({ data }) => data)).toMatchObject(
      expected.map((one) => ({ ...one, reconciliationId: run.id })),
    )
    const again = (await start()).run
    await payments.app.reconciliations.run()
    await payments.settle()
    expect([mismatches(run.id).length, mismatches(again.id).length]).toEqual([4, 4])
    const [first] = (await read(`/v1/payments/reconciliations/${run.id}/differences?limit=1`)).items
    expect(first).toMatchObject({ paymentId: paymentIdOf(lost) })
    await charges().deleteOne({ _id: paymentIdOf(unknown) })
  })

  test('leaves out what is under way, and what began before its time', async () => {
    const orderId = await paid(confirmed)
    await payments.script({ step: 'refund', outcome: 'error', times: 1000, paymentId: paymentIdOf(orderId) })
    const onRefund = payments.app.onOrders.find(({ contract }) => contract.type.startsWith('orders.refund.'))
    await Promise.allSettled([onRefund?.handle({ ...refundRequested(5)(orderId), time: new Date() })])
    await charges().updateOne({ _id: paymentIdOf(orderId) }, { $set: { refundedMinor: 100 } })
    const { run } = await start({ from: new Date(Date.now() - 1000).toISOString() })
    const later = (await start({ from: new Date(Date.now() + 3600_000).toISOString() })).run
    await payments.app.reconciliations.run()
    const found = await differencesOf(run.id)
    expect(found.filter(({ paymentId }) => paymentId === paymentIdOf(orderId))).toEqual([])
    expect(await show(later.id)).toMatchObject({ status: 'completed', checked: 0, differences: 0 })
  })

  test('is carried on by another replica where a crash stopped it, and tells nothing twice', async () => {
    const orders = await Promise.all(Array.from({ length: 50 }, () => paid(confirmed)))
    for (const orderId of orders)
      await charges().updateOne({ _id: paymentIdOf(orderId) }, { $set: { refundedMinor: 1 } })
    const { run } = await start()
    // Dies with the differences of the second batch written and not noted.
    let asked = 0
    const dying = payments.simulator.lookUp
    const crashed = Object.assign(payments.simulator, {
      lookUp: (target: Parameters<typeof dying>[0]) => {
        asked += 1
        if (asked > 35) throw new Error('the process dies')
        return dying(target)
      },
    })
    await expect(payments.app.reconciliations.run()).rejects.toThrow('the process dies')
    Object.assign(crashed, { lookUp: dying })
    expect(await payments.replica().reconciliations.run()).toBe(0)
    payments.clock.now = new Date(payments.clock.now.getTime() + 121_000)
    await Promise.all([payments.replica().reconciliations.run(), payments.replica().reconciliations.run()])
    const found = await differencesOf(run.id)
    expect(await show(run.id)).toMatchObject({ status: 'completed', differences: found.length })
    expect(found.filter(({ paymentId }) => orders.map(paymentIdOf).includes(String(paymentId)))).toHaveLength(50)
    await payments.settle()
    expect(new Set(mismatches(run.id).map(({ id }) => id)).size).toBeLessThanOrEqual(found.length)
    for (const orderId of orders)
      await charges().updateOne({ _id: paymentIdOf(orderId) }, { $set: { refundedMinor: 0 } })
  })

  test('waits while the provider does not answer', async () => {
    await paid(confirmed)
    const { run } = await start()
    await payments.script({ step: 'look_up', outcome: 'error', times: 1 })
    await payments.app.reconciliations.run()
    expect(await show(run.id)).toMatchObject({ status: 'queued' })
    payments.clock.now = new Date(payments.clock.now.getTime() + 30_000)
    await payments.app.reconciliations.run()
    expect(await show(run.id)).toMatchObject({ status: 'completed' })
  })

  test('is begun once per key, and no more than five at a time', async () => {
    const key = newId('key')
    const { run } = await start({}, key)
    expect(await start({}, key)).toMatchObject({
      status: 202,
      headers: { 'idempotent-replayed': 'true' },
      run: { id: run.id },
    })
    expect(await start({ from: '2026-01-01T00:00:00Z' }, key)).toMatchObject({ status: 422 })
    for (let count = 0; count < 4; count += 1) expect(await start()).toMatchObject({ status: 202 })
    expect(await start()).toMatchObject({ status: 409, body: { code: 'PAYMENTS_TOO_MANY_RECONCILIATIONS' } })
    await payments.app.reconciliations.run()
  })

  test('is listed newest first, page by page', async () => {
    const all = (await read('/v1/payments/reconciliations?limit=100')).items.map(({ id }) => id)
    const found: unknown[] = []
    let cursor: string | null = ''
    while (cursor !== null) {
      const page = await read(`/v1/payments/reconciliations?limit=2${cursor === '' ? '' : `&cursor=${cursor}`}`)
      found.push(...page.items.map(({ id }) => id))
      cursor = page.nextCursor
    }
    expect(found).toEqual(all)
    expect(new Set(found).size).toBe(found.length)
  })

  test('is begun once a day by itself, at its hour', async () => {
    const at = (time: string) => {
      payments.clock.now = new Date(time)
      return Promise.all([payments.app.scheduleReconciliation(), payments.replica().scheduleReconciliation()])
    }
    expect(await at('2030-01-01T02:59:59Z')).toEqual([false, false])
    expect((await at('2030-01-01T03:00:00Z')).filter(Boolean)).toEqual([true])
    expect(await at('2030-01-01T03:59:00Z')).toEqual([false, false])
    expect(await at('2030-01-01T04:00:00Z')).toEqual([false, false])
    expect((await at('2030-01-02T03:30:00Z')).filter(Boolean)).toEqual([true])
  })

  test('is forgotten after ninety days, with what it found', async () => {
    await payments.app.reconciliations.run()
    payments.clock.now = new Date('2030-06-01T00:00:00Z')
    await payments.app.forgetOldRecords()
    expect((await read('/v1/payments/reconciliations')).items).toEqual([])
    expect(await payments.db.collection('reconciliation_differences').countDocuments()).toBe(0)
  })
})

describe('what is read again and again', () => {
  const stagesOf = async (collection: string, filter: object, sort: Record<string, 1 | -1>) =>
    JSON.stringify(await payments.db.collection(collection).find(filter).sort(sort).limit(10).explain('queryPlanner'))

  test.each<[string, string, object, Record<string, 1 | -1>]>([
    ['payments by the provider’s name', 'payments', { providerRef: 'pi_1' }, {}],
    ['payments behind an id', 'payments', { _id: { $gt: 'pay_1' } }, { _id: 1 }],
    ['payments that are due', 'payments', { dueAt: { $lte: new Date() } }, { dueAt: 1 }],
    ['comparisons, newest first', 'reconciliations', {}, { createdAt: -1, _id: -1 }],
    ['comparisons that are due', 'reconciliations', { dueAt: { $lte: new Date() } }, { dueAt: 1 }],
    ['comparisons that ended', 'reconciliations', { finishedAt: { $lt: new Date() } }, {}],
    ['differences of one run', 'reconciliation_differences', { _id: { $gt: 'rec_1:', $lt: 'rec_1;' } }, { _id: 1 }],
    ['old webhooks', 'webhook_events', { at: { $lt: new Date() } }, {}],
    ['old claims', 'request_claims', { at: { $lt: new Date() } }, {}],
    ['webhooks to be sent', 'simulator_webhooks', { sendAt: { $lte: new Date() } }, {}],
  ])('%s are found by an index', async (_name, collection, filter, sort) => {
    const plan = await stagesOf(collection, filter, sort)
    expect(plan).toMatch(/IXSCAN|IDHACK|CLUSTERED/)
    expect(plan).not.toMatch(/COLLSCAN|"SORT"/)
  })
})
