import { randomUUID } from 'node:crypto'
import { Fulfilment, OrderEdit, Return } from '@tradewind/contracts/fulfilment'
import { Order } from '@tradewind/contracts/orders'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
let operator: string
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
  operator = await shop.signInOperator()
}, 60_000)
afterAll(() => system.end())

/** A confirmed and paid order of two products, whose customer was told. */
async function confirmed() {
  const [mug, pen] = [
    await shop.newProduct({ units: 5, priceMinor: 1000 }),
    await shop.newProduct({ units: 5, priceMinor: 333 }),
  ]
  const { token } = await shop.newCustomer()
  const lines = [
    { sku: mug.sku, quantity: 2 },
    { sku: pen.sku, quantity: 1 },
  ]
  const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=10' }
  const placed = await shop.post('/v1/orders', { lines, paymentMethod: 'pm_approve' }, { token, headers })
  const { id, lines: own } = shaped(Order, placed)
  await shop.untilTold(token, id, 'payments.payment.captured')
  await shop.untilTold(token, id, 'notifications.notification.sent')
  const [mugLine = '', penLine = ''] = own.map((line) => line.id)
  const act = (path: string, body: unknown, as = operator) =>
    shop.post(`/v1/orders/${id}${path}`, body, { token: as, headers: { 'idempotency-key': randomUUID() } })
  /** What is said without a body. */
  const say = (path: string) => shop.call(`/v1/orders/${id}${path}`, { method: 'POST', token: operator })
  return { id, token, mug: mug.sku, pen: pen.sku, mugLine, penLine, act, say, read: () => shop.readOrder(token, id) }
}
type Confirmed = Awaited<ReturnType<typeof confirmed>>

async function ship({ act }: Confirmed, ...lines: readonly (readonly [lineId: string, quantity: number])[]) {
  const units = lines.map(([lineId, quantity]) => ({ lineId, quantity }))
  const packed = shaped(Fulfilment, await act('/fulfilments', { lines: units }))
  const tracking = { carrier: 'DHL', code: randomUUID() }
  return shaped(Fulfilment, await act(`/fulfilments/${packed.id}/ship`, { tracking }))
}

const until = (order: Confirmed, isSo: (read: Order) => boolean) =>
  eventually(async () => isSo(await order.read()), { timeoutMs: 15_000 })
const isRefunded = ({ refunds = [] }: Order) =>
  refunds.length > 0 && refunds.every(({ status }) => status === 'succeeded')
/** What was taken for an order and has not gone back. */
const keptMinor = async (orderId: string) =>
  (await shop.readPayments(orderId)).reduce((sum, one) => sum + one.capturedMinor - one.refundedMinor, 0)

describe('an order that is confirmed', () => {
  test('ships in parts with tracking, arrives and is completed', async () => {
    const order = await confirmed()
    const first = await ship(order, [order.mugLine, 1])
    expect(first).toMatchObject({ status: 'shipped', tracking: { carrier: 'DHL' } })
    expect(await order.read()).toMatchObject({ status: 'partially_fulfilled' })
    const second = await ship(order, [order.mugLine, 1], [order.penLine, 1])
    expect(await order.read()).toMatchObject({ status: 'fulfilled' })
    for (const { id } of [first, second]) {
      expect(shaped(Fulfilment, await order.say(`/fulfilments/${id}/deliver`)).status).toBe('delivered')
    }
    await until(order, ({ status }) => status === 'completed')
    const types = (await shop.readTimeline(order.token, order.id)).map(({ type }) => type)
    expect(types).toEqual(expect.arrayContaining(['orders.fulfilment.shipped', 'orders.order.completed']))
  })

  test('has what has not shipped cancelled, restocked and refunded', async () => {
    const order = await confirmed()
    await ship(order, [order.mugLine, 1])
    expect((await shop.post(`/v1/orders/${order.id}/cancel`, {}, { token: order.token })).status).toBe(200)
    await until(order, isRefunded)
    await shop.untilTold(order.token, order.id, 'inventory.stock.restocked')
    expect(await order.read()).toMatchObject({
      status: 'fulfilled',
      paymentStatus: 'partially_refunded',
      total: { amountMinor: 1000 },
    })
    expect(await keptMinor(order.id)).toBe(1000)
    expect(await shop.readStock(order.mug)).toMatchObject([{ onHand: 4, available: 4 }])
    expect(await shop.readStock(order.pen)).toMatchObject([{ onHand: 5, available: 5 }])
  })

  test('is edited to less: units and money go back', async () => {
    const order = await confirmed()
    const lines = [{ sku: order.mug, quantity: 1 }]
    expect(shaped(OrderEdit, await order.act('/edits', { lines }, order.token)).status).toBe('done')
    await until(order, isRefunded)
    await shop.untilTold(order.token, order.id, 'inventory.stock.restocked')
    expect(await keptMinor(order.id)).toBe(1000)
    expect(await shop.readStock(order.mug)).toMatchObject([{ onHand: 4, available: 4 }])
  })

  test('is edited to more: the difference is reserved and paid, and the order is as it was when that fails', async () => {
    const order = await confirmed()
    const lines = [
      { sku: order.mug, quantity: 4 },
      { sku: order.pen, quantity: 1 },
    ]
    const edit = await order.act('/edits', { lines }, order.token)
    expect(shaped(OrderEdit, edit)).toMatchObject({ status: 'open', toPay: { amountMinor: 2000 } })
    await until(order, ({ edits = [] }) => edits[0]?.status === 'done')
    expect(await order.read()).toMatchObject({ total: { amountMinor: 4333 } })
    expect(await shop.readStock(order.mug)).toMatchObject([{ onHand: 1, available: 1 }])

    const tooMany = { lines: [{ sku: order.mug, quantity: 9 }] }
    await order.act('/edits', tooMany, order.token)
    await until(order, ({ edits = [] }) => edits[1]?.status === 'failed')
    expect(await order.read()).toMatchObject({ total: { amountMinor: 4333 }, edits: [{}, { failure: 'out_of_stock' }] })
    // One confirmation: nobody is told of the supplement.
    const mails = (await shop.readMails(order.id)).map(({ template }) => template)
    expect(mails.filter((template) => template === 'order-confirmed')).toHaveLength(1)

    expect((await shop.post(`/v1/orders/${order.id}/cancel`, {}, { token: order.token })).status).toBe(200)
    await until(order, ({ paymentStatus }) => paymentStatus === 'refunded')
    await eventually(async () => {
      const [shelf] = await shop.readStock(order.mug)
      return shelf?.available === 5
    })
  })

  test('is edited to something cheaper: nothing is charged, and the rest goes back', async () => {
    const order = await confirmed()
    const cup = await shop.newProduct({ units: 2, priceMinor: 100 })
    const edit = await order.act('/edits', { lines: [{ sku: cup.sku, quantity: 1 }] }, order.token)
    expect(shaped(OrderEdit, edit)).toMatchObject({ status: 'open', toPay: { amountMinor: 0 } })
    await until(order, (read) => read.edits?.[0]?.status === 'done' && isRefunded(read))
    expect(await order.read()).toMatchObject({ lines: [{ sku: cup.sku, quantity: 1 }], total: { amountMinor: 100 } })
    expect(await keptMinor(order.id)).toBe(100)
    await eventually(async () => {
      const [shelf] = await shop.readStock(order.mug)
      return shelf?.available === 5
    })
    expect(await shop.readStock(cup.sku)).toMatchObject([{ onHand: 1, available: 1 }])
  })

  test('is returned: received, put back on the shelf or written off, and refunded', async () => {
    const order = await confirmed()
    const { id: fulfilmentId } = await ship(order, [order.mugLine, 2], [order.penLine, 1])
    await order.say(`/fulfilments/${fulfilmentId}/deliver`)
    const wish = { lines: [{ lineId: order.mugLine, quantity: 2 }], reason: 'too heavy' }
    const { id } = shaped(Return, await order.act('/returns', wish, order.token))
    expect((await order.say(`/returns/${id}/approve`)).status).toBe(200)
    const received = { lines: [{ lineId: order.mugLine, restock: 1, writeOff: 1 }], locationId: 'main' }
    expect(shaped(Return, await order.act(`/returns/${id}/receive`, received)).status).toBe('received')
    expect(shaped(Return, await order.act(`/returns/${id}/refund`, {})).status).toBe('refunding')
    await until(order, ({ returns = [] }) => returns[0]?.status === 'refunded')
    await shop.untilTold(order.token, order.id, 'inventory.stock.restocked')
    expect(await order.read()).toMatchObject({ status: 'completed', fulfilmentStatus: 'partially_returned' })
    expect(await keptMinor(order.id)).toBe(333)
    expect(await shop.readStock(order.mug)).toMatchObject([{ onHand: 4, available: 4 }])
  })

  test('gets a goodwill refund, and never more than was taken', async () => {
    const order = await confirmed()
    expect((await order.act('/refunds', { amountMinor: 333, reason: 'came late' })).status).toBe(201)
    expect((await order.act('/refunds', { amountMinor: 2001, reason: 'more' })).status).toBe(409)
    await until(order, isRefunded)
    expect(await keptMinor(order.id)).toBe(2000)
    const timeline = await shop.readTimeline(order.token, order.id)
    const asked = timeline.find(({ type }) => type === 'orders.refund.requested')
    const given = timeline.find(({ type }) => type === 'payments.refund.succeeded')
    expect(asked?.data['operatorId']).toMatch(/^usr_/)
    // What payments did belongs to the request that asked for it.
    expect([asked?.traceId, given?.traceId]).toEqual([asked?.traceId, asked?.traceId])
  })
})

test('whatever these tests did, in the end everything adds up', async () => {
  const violations = await eventually(async () => {
    const found = await system.violations()
    if (found.length > 0) throw new Error(JSON.stringify(found.slice(0, 3)))
    return found
  })
  expect(violations).toEqual([])
})
