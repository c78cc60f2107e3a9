import {
  FulfilmentDeliveredV1,
  FulfilmentShippedV1,
  OrderEditedV1,
  ReturnApprovedV1,
  ReturnRefundedV1,
  ReturnRejectedV1,
} from '@tradewind/contracts/fulfilment'
import { OrderCancelledV1, OrderConfirmedV1, OrderExpiredV1, OrderRejectedV1 } from '@tradewind/contracts/orders'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import {
  arrived,
  cancelled,
  confirmed,
  edited,
  expired,
  newEnding,
  rejected,
  returnApproved,
  returnRefunded,
  returnRejected,
  shipped,
} from './order-events.ts'

let backends: Backends
let notifications: NotificationsUnderTest
beforeAll(async () => {
  backends = await startBackends()
  notifications = await startNotifications({ ...backends, database: backends.databaseName('notifications') })
})
afterAll(async () => {
  await notifications.stop()
  await backends.stop()
})

const endings = {
  [OrderConfirmedV1.type]: [confirmed, 'order-confirmed'],
  [OrderRejectedV1.type]: [rejected, 'order-rejected'],
  [OrderCancelledV1.type]: [cancelled, 'order-cancelled'],
  [OrderExpiredV1.type]: [expired, 'order-expired'],
  [OrderEditedV1.type]: [edited, 'order-edited'],
  [FulfilmentShippedV1.type]: [shipped, 'fulfilment-shipped'],
  [FulfilmentDeliveredV1.type]: [arrived, 'fulfilment-delivered'],
  [ReturnApprovedV1.type]: [returnApproved, 'return-approved'],
  [ReturnRejectedV1.type]: [returnRejected, 'return-rejected'],
  [ReturnRefundedV1.type]: [returnRefunded, 'return-refunded'],
} as const
const eventsOf = (orderId: string) =>
  notifications.published.filter(({ data }) => JSON.stringify(data).includes(orderId))

test('every event that the service reacts to is redelivered here', () => {
  const { onOrders, onFulfilments, onReturns } = notifications.app
  const registered = [...onOrders, ...onFulfilments, ...onReturns].map(({ contract }) => contract.type)
  expect(new Set(Object.keys(endings))).toEqual(new Set(registered))
  expect(new Set(registered).size).toBe(registered.length)
})

describe('an event that comes five times is one mail', () => {
  const cases = Object.entries(endings).flatMap(([type, [event, template]]) =>
    (['order', 'account'] as const).map((contact) => [type, contact, event, template] as const),
  )
  test.each(cases)('%s, to the address of the %s', async (_type, contact, event, template) => {
    const ending = newEnding(notifications, contact)
    const given = event(ending)
    await notifications.deliver(given)
    const before = await notifications.contents()
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([
      { template, to: `${contact}@example.org`, status: 'sent', attempts: 1 },
    ])
    const told = eventsOf(ending.orderId)
    expect(told).toMatchObject([
      { type: 'notifications.notification.sent.v1', data: { orderId: ending.orderId, template, channel: 'email' } },
    ])

    await notifications.publish(given)
    await notifications.deliver(given)
    await notifications.deliver(given)
    await notifications.deliver(given)
    expect(await notifications.contents()).toEqual(before)
    expect(new Set(eventsOf(ending.orderId).map(({ id }) => id))).toEqual(new Set(told.map(({ id }) => id)))
    expect(await notifications.deadLetters()).toBe(0)
  })
})

describe('whatever the order of arrival', () => {
  test('each ending of an order is told once', async () => {
    const ending = newEnding(notifications)
    const [first, second] = [cancelled(ending), confirmed(ending)]
    for (const event of [first, second, first, second]) await notifications.publish(event)
    await notifications.settle()
    const found = await notifications.ofOrder(ending.orderId)
    expect(new Set(found.map(({ template }) => template))).toEqual(new Set(['order-cancelled', 'order-confirmed']))
    expect(found).toHaveLength(2)
  })
})

test('nobody is told of a supplement, which belongs to an order that tells', async () => {
  const ending = newEnding(notifications)
  for (const event of [confirmed, rejected, cancelled, expired].map((make) => make(ending))) {
    const data = { ...Object(event.data), partOf: ending.orderId }
    await notifications.deliver({ ...event, data })
  }
  expect(await notifications.ofOrder(ending.orderId)).toEqual([])
})

describe('an address', () => {
  test('is in no event', async () => {
    const ending = newEnding(notifications, 'account')
    await notifications.deliver(confirmed(ending))
    expect(JSON.stringify(eventsOf(ending.orderId))).not.toContain('example.org')
  })

  test('that nobody knows leaves a mail that failed, and the order is told', async () => {
    const ending = newEnding(notifications)
    notifications.addresses.delete(ending.orderId)
    await notifications.deliver(confirmed(ending))
    await notifications.deliver(confirmed(ending))
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([{ to: '', status: 'failed' }])
    expect(eventsOf(ending.orderId)).toMatchObject([{ type: 'notifications.notification.failed.v1' }, {}])
    expect(await notifications.deadLetters()).toBe(0)
  })
})

describe('a mail about a part of an order', () => {
  test('is written for each parcel, with the titles of the confirmation', async () => {
    const ending = newEnding(notifications)
    for (const event of [confirmed(ending), shipped(ending), shipped(ending)]) await notifications.deliver(event)
    const found = await notifications.ofOrder(ending.orderId)
    const parcels = found.filter(({ template }) => template === 'fulfilment-shipped')
    expect(parcels).toHaveLength(2)
    expect(parcels[0]?.text).toContain('1 × Mug, Blue\n')
    expect(parcels[0]?.text).toContain('Parcel: Parcel Service P&1\nhttps://parcels.example/?code=1&lang=de\n')
    expect(parcels[0]?.html).toContain('Parcel Service P&amp;1')
    expect(parcels[0]?.html).toContain('href="https:&#x2F;&#x2F;parcels.example&#x2F;?code&#x3D;1&amp;lang&#x3D;de"')
  })

  test('goes to the account where the order has no address', async () => {
    const ending = newEnding(notifications, 'account')
    await notifications.deliver(arrived(ending))
    expect(await notifications.ofOrder(ending.orderId)).toMatchObject([{ to: 'account@example.org' }])
  })
})
