import { NotificationsPersonErasedV1, UserErasedV1 } from '@tradewind/contracts/privacy'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type NotificationsUnderTest, startNotifications } from './notifications-under-test.ts'
import { confirmed, newEnding, shipped } from './order-events.ts'

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

const erased = (userId: string) => UserErasedV1.create(newId('evt'), { userId })
const confirmations = (userId: string) =>
  notifications.published.filter(
    ({ type, data }) => type === NotificationsPersonErasedV1.type && Object(data).userId === userId,
  )

async function written() {
  const ending = newEnding(notifications, 'account')
  const as = { userId: ending.customerId }
  await notifications.request('PUT', '/v1/notifications/preferences', { as, body: { locale: 'de', optOuts: [] } })
  for (const event of [confirmed(ending), shipped(ending)]) await notifications.deliver(event)
  return ending
}

test('forgets texts, addresses and preferences, and says so, however often it is told', async () => {
  const { orderId, customerId } = await written()
  const other = await written()
  const before = await notifications.ofOrder(orderId)
  expect(before).toHaveLength(2)
  const event = erased(customerId)
  await notifications.deliver(event)
  for (const mail of await notifications.ofOrder(orderId)) {
    expect(mail).toMatchObject({ to: '', subject: '', text: '', status: 'sent' })
    expect(mail).not.toHaveProperty('html')
    expect(mail).not.toHaveProperty('facts')
    expect(mail).not.toHaveProperty('unsubscribeUrl')
  }
  const { preferences = [] } = await notifications.contents()
  expect(preferences.map((one) => Object(one)._id)).not.toContain(customerId)
  expect((await notifications.ofOrder(other.orderId)).every(({ to }) => to !== '')).toBe(true)

  const contents = await notifications.contents()
  await notifications.deliver(event)
  await notifications.deliver(erased(customerId))
  expect(await notifications.contents()).toEqual(contents)
  expect(new Set(confirmations(customerId).map(({ id }) => id)).size).toBe(1)
  expect(await notifications.deadLetters()).toBe(0)
})

test('gives a person what there is of him', async () => {
  const { customerId } = await written()
  const { items, next } = await notifications.app.dataOfPerson(customerId, undefined)
  expect(items.map(({ kind }) => kind).toSorted()).toEqual(['mail', 'mail', 'preferences'].slice(-items.length))
  expect(JSON.stringify(items)).toContain('account@example.org')
  expect(next).toBeNull()
})

test('finds a person’s mails by an index', async () => {
  const plan = await notifications.db
    .collection('notifications')
    .find({ customerId: 'usr_1' })
    .sort({ _id: 1 })
    .explain()
  expect(JSON.stringify(plan)).toContain('IXSCAN')
  expect(JSON.stringify(plan)).not.toMatch(/COLLSCAN|"SORT"/)
})
