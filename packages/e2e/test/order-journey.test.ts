import { randomUUID } from 'node:crypto'
import { Order } from '@tradewind/contracts/orders'
import { eventually } from '@tradewind/testkit/eventually'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop, type Shop, shaped } from './shop-client.ts'

let system: RunningSystem
let shop: Shop
beforeAll(async () => {
  system = await runSystem()
  shop = createShop(system.gatewayUrl)
}, 60_000)
afterAll(() => system.end())

describe('an order', () => {
  test('is reserved, paid, confirmed and announced', async () => {
    const { sku } = await shop.newProduct({ units: 5, priceMinor: 1250 })
    const { token, userId, email } = await shop.newCustomer()
    const accepted = await shop.placeAs(token, { sku, quantity: 2 })
    expect(accepted.status).toBe(201)
    const order = shaped(Order, accepted)
    expect(order).toMatchObject({ status: 'pending', paymentStatus: 'none', customerId: userId, version: 1 })
    expect(order.total).toEqual({ amountMinor: 2500, currency: 'EUR' })
    await shop.untilTold(token, order.id, 'notifications.notification.sent')
    expect(await shop.readOrder(token, order.id)).toMatchObject({ status: 'confirmed', paymentStatus: 'captured' })
    const types = (await shop.readTimeline(token, order.id)).map(({ type }) => type)
    expect(types).toEqual(
      expect.arrayContaining([
        'orders.order.placed',
        'inventory.reservation.held',
        'payments.payment.authorized',
        'inventory.reservation.committed',
        'orders.order.confirmed',
        'payments.payment.captured',
      ]),
    )
    expect(await shop.readStock(sku)).toMatchObject([{ onHand: 3, available: 3, held: 0 }])
    expect(await shop.readMails(order.id)).toMatchObject([{ template: 'order-confirmed', to: email, status: 'sent' }])
    expect(await shop.readPayments(order.id)).toMatchObject([{ status: 'captured', capturedMinor: 2500 }])
  })

  test('can be waited for', async () => {
    const { sku } = await shop.newProduct({ units: 5 })
    const { token } = await shop.newCustomer()
    const order = shaped(Order, await shop.placeAs(token, { sku, waitSeconds: 10 }))
    expect(order.status).toBe('confirmed')
  })

  test('of more than there is is rejected, and nothing is held', async () => {
    const { sku } = await shop.newProduct({ units: 3 })
    const { token } = await shop.newCustomer()
    const order = shaped(Order, await shop.placeAs(token, { sku, quantity: 4, waitSeconds: 10 }))
    expect(order).toMatchObject({ status: 'rejected', reason: 'out_of_stock', paymentStatus: 'none' })
    expect(await shop.readStock(sku)).toMatchObject([{ onHand: 3, available: 3, held: 0 }])
    expect(await shop.readPayments(order.id)).toEqual([])
    await shop.untilTold(token, order.id, 'notifications.notification.sent')
  })

  test('of several lines is rejected as a whole when one is missing', async () => {
    const [plenty, none] = [await shop.newProduct({ units: 5 }), await shop.newProduct({ units: 0 })]
    const { token } = await shop.newCustomer()
    const lines = [plenty, none].map(({ sku }) => ({ sku, quantity: 1 }))
    const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=10' }
    const answer = await shop.post('/v1/orders', { lines, paymentMethod: 'pm_approve' }, { token, headers })
    expect(shaped(Order, answer)).toMatchObject({ status: 'rejected', reason: 'out_of_stock' })
    expect(await shop.readStock(plenty.sku)).toMatchObject([{ onHand: 5, available: 5, held: 0 }])
  })

  test('sums two lines of one product before it asks for the stock', async () => {
    const { sku } = await shop.newProduct({ units: 3 })
    const { token } = await shop.newCustomer()
    const headers = { 'idempotency-key': randomUUID(), prefer: 'wait=10' }
    const lines = [2, 2].map((quantity) => ({ sku, quantity }))
    const answer = await shop.post('/v1/orders', { lines, paymentMethod: 'pm_approve' }, { token, headers })
    expect(shaped(Order, answer)).toMatchObject({ status: 'rejected' })
    expect(await shop.readStock(sku)).toMatchObject([{ available: 3, held: 0 }])
  })

  test('with a declined card is cancelled, its hold released, and the mail says so', async () => {
    const { sku } = await shop.newProduct({ units: 3 })
    const { token } = await shop.newCustomer()
    const placed = shaped(Order, await shop.placeAs(token, { sku, paymentMethod: 'pm_decline', waitSeconds: 10 }))
    expect(placed).toMatchObject({ status: 'cancelled', reason: 'payment_declined', paymentStatus: 'declined' })
    await shop.untilTold(token, placed.id, 'notifications.notification.sent')
    await shop.untilTold(token, placed.id, 'inventory.reservation.released')
    expect(await shop.readStock(sku)).toMatchObject([{ onHand: 3, available: 3, held: 0 }])
    const [mail] = await shop.readMails(placed.id)
    expect(mail?.text).toContain('Your card was declined')
  })

  test.each(['pm_timeout_then_charge', 'pm_timeout_no_charge', 'pm_error_once', 'pm_slow'])(
    'is charged exactly once with %s',
    async (paymentMethod) => {
      const { sku } = await shop.newProduct({ units: 3, priceMinor: 700 })
      const { token } = await shop.newCustomer()
      const placed = shaped(Order, await shop.placeAs(token, { sku, paymentMethod, waitSeconds: 20 }))
      expect(placed.status).toBe('confirmed')
      await shop.untilTold(token, placed.id, 'payments.payment.captured')
      expect(await shop.readPayments(placed.id)).toMatchObject([{ status: 'captured', capturedMinor: 700 }])
    },
  )
})

describe('cancelling', () => {
  test('before confirmation gives the stock back and takes no money', async () => {
    const { sku } = await shop.newProduct({ units: 3 })
    const { token } = await shop.newCustomer()
    const placed = shaped(Order, await shop.placeAs(token, { sku, paymentMethod: 'pm_slow' }))
    await shop.untilTold(token, placed.id, 'orders.order.reserved')
    const cancelled = shaped(Order, await shop.post(`/v1/orders/${placed.id}/cancel`, {}, { token }))
    expect(cancelled).toMatchObject({ status: 'cancelled', reason: 'requested_by_customer' })
    await shop.untilTold(token, placed.id, 'payments.payment.voided')
    await shop.untilTold(token, placed.id, 'inventory.reservation.released')
    expect(await shop.readStock(sku)).toMatchObject([{ onHand: 3, available: 3, held: 0 }])
    expect(await shop.readPayments(placed.id)).toMatchObject([{ status: 'voided', capturedMinor: 0 }])
  })

  test('after confirmation puts the units back on the shelf and refunds', async () => {
    const { sku } = await shop.newProduct({ units: 3, priceMinor: 900 })
    const { token } = await shop.newCustomer()
    const placed = shaped(Order, await shop.placeAs(token, { sku, quantity: 2, waitSeconds: 10 }))
    await shop.untilTold(token, placed.id, 'payments.payment.captured')
    await shop.post(`/v1/orders/${placed.id}/cancel`, { reason: 'changed my mind' }, { token })
    await shop.untilTold(token, placed.id, 'payments.refund.succeeded')
    await shop.untilTold(token, placed.id, 'inventory.reservation.released')
    expect(await shop.readStock(sku)).toMatchObject([{ onHand: 3, available: 3, held: 0 }])
    const payments = await shop.readPayments(placed.id)
    expect(payments).toMatchObject([{ status: 'refunded', capturedMinor: 1800, refundedMinor: 1800 }])
    expect(await shop.readOrder(token, placed.id)).toMatchObject({ status: 'cancelled', paymentStatus: 'refunded' })
  })

  test('twice answers the same', async () => {
    const { sku } = await shop.newProduct({ units: 3 })
    const { token } = await shop.newCustomer()
    const placed = shaped(Order, await shop.placeAs(token, { sku }))
    const path = `/v1/orders/${placed.id}/cancel`
    const [first, second] = [await shop.post(path, {}, { token }), await shop.post(path, {}, { token })]
    expect([first.status, second.status]).toEqual([200, 200])
    expect(shaped(Order, second).status).toBe('cancelled')
  })

  test('somebody else’s order is refused as missing', async () => {
    const { sku } = await shop.newProduct({ units: 3 })
    const [owner, stranger] = [await shop.newCustomer(), await shop.newCustomer()]
    const { id } = shaped(Order, await shop.placeAs(owner.token, { sku, waitSeconds: 10 }))
    const { token } = stranger
    const answers = [
      await shop.post(`/v1/orders/${id}/cancel`, {}, { token }),
      await shop.call(`/v1/orders/${id}`, { token }),
      await shop.call(`/v1/orders/${id}/timeline`, { token }),
    ]
    expect(answers.map(({ status }) => status)).toEqual([404, 404, 404])
    expect(await shop.readOrder(owner.token, id)).toMatchObject({ status: 'confirmed' })
  })
})

describe('an idempotency key', () => {
  test('used twice makes one order and gives the same answer', async () => {
    const { sku } = await shop.newProduct({ units: 5 })
    const { token } = await shop.newCustomer()
    const key = randomUUID()
    const first = await shop.placeAs(token, { sku, key })
    await shop.untilTold(token, shaped(Order, first).id, 'payments.payment.captured')
    const second = await shop.placeAs(token, { sku, key })
    expect(second.status).toBe(201)
    expect(second.body).toEqual(first.body)
    expect(second.headers.get('idempotent-replayed')).toBe('true')
    expect(first.headers.get('idempotent-replayed')).toBeNull()
    expect(await shop.readStock(sku)).toMatchObject([{ onHand: 4 }])
  })

  test('used twice by clients that wait gives the same answer, too', async () => {
    const { sku } = await shop.newProduct({ units: 5 })
    const { token } = await shop.newCustomer()
    const key = randomUUID()
    const first = await shop.placeAs(token, { sku, key, waitSeconds: 10 })
    await shop.untilTold(token, shaped(Order, first).id, 'notifications.notification.sent')
    const second = await shop.placeAs(token, { sku, key, waitSeconds: 10 })
    expect(second.body).toEqual(first.body)
  })

  test('used by twenty requests at once makes one order', async () => {
    const { sku } = await shop.newProduct({ units: 50 })
    const { token } = await shop.newCustomer()
    const key = randomUUID()
    const answers = await Promise.all(Array.from({ length: 20 }, () => shop.placeAs(token, { sku, key })))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]))
    expect(new Set(answers.map((answer) => JSON.stringify(answer.body))).size).toBe(1)
  })

  test('with another body is refused', async () => {
    const { sku } = await shop.newProduct({ units: 5 })
    const { token } = await shop.newCustomer()
    const key = randomUUID()
    await shop.placeAs(token, { sku, key })
    const other = await shop.placeAs(token, { sku, key, quantity: 2 })
    expect(other).toMatchObject({ status: 422, body: { code: 'IDEMPOTENCY_KEY_REUSED' } })
  })

  test('of somebody else never shows their order', async () => {
    const { sku } = await shop.newProduct({ units: 5 })
    const [first, second] = [await shop.newCustomer(), await shop.newCustomer()]
    const key = randomUUID()
    const theirs = shaped(Order, await shop.placeAs(first.token, { sku, key }))
    const mine = shaped(Order, await shop.placeAs(second.token, { sku, key }))
    expect(mine.id).not.toBe(theirs.id)
  })
})

test('ten units and a hundred buyers at once: exactly ten are confirmed, ninety rejected', async () => {
  const { sku } = await shop.newProduct({ units: 10 })
  const buyers = await Promise.all(Array.from({ length: 100 }, () => shop.newCustomer()))
  const answers = await Promise.all(buyers.map(({ token }) => shop.placeAs(token, { sku, waitSeconds: 30 })))
  const outcomes = Object.groupBy(answers, (answer) => shaped(Order, answer).status)
  expect([outcomes.confirmed?.length, outcomes.rejected?.length]).toEqual([10, 90])
  const answer = await shop.call(`/v1/availability?sku=${sku}`)
  expect(answer.body).toMatchObject({ items: [{ sku, available: 0 }] })
  expect(await shop.readStock(sku)).toMatchObject([{ onHand: 0, available: 0, held: 0 }])
}, 60_000)

test('whatever these tests did, in the end everything adds up', async () => {
  const violations = await eventually(async () => {
    const found = await system.violations()
    if (found.length > 0) throw new Error(JSON.stringify(found.slice(0, 3)))
    return found
  })
  expect(violations).toEqual([])
})
