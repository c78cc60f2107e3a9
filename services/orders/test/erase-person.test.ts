import { OrdersPersonErasedV1, UserErasedV1 } from '@tradewind/contracts/privacy'
import { newId } from '@tradewind/service-kit/ids'
import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type OrdersUnderTest, startOrders } from './orders-under-test.ts'
import { forSale, newCustomer, orderIn, place, readOrder, reports } from './participants.ts'

let backends: Backends
let orders: OrdersUnderTest
beforeAll(async () => {
  backends = await startBackends()
  orders = await startOrders({ ...backends, database: backends.databaseName('orders') })
})
afterAll(async () => {
  await orders.stop()
  await backends.stop()
})

const personal = {
  email: 'ada.lovelace@example.org',
  shippingAddress: { name: 'Ada Lovelace', line1: 'Ockham 1', postalCode: '1815', city: 'London', country: 'GB' },
  note: 'for my mother',
}

async function placeAs(customer: { userId: string }, headers = {}): Promise<string> {
  const lines = [{ sku: await forSale(orders), quantity: 1 }]
  return orderIn(await place(orders, customer, { lines, paymentMethod: 'pm_approve', ...personal }, headers)).id
}
const erased = ({ userId }: { userId: string }) => UserErasedV1.create(newId('evt'), { userId })
const confirmations = (userId: string) =>
  orders.published.filter(({ type, data }) => type === OrdersPersonErasedV1.type && Object(data).userId === userId)
/** Everything that the database holds of these orders but the events, which never held anything personal. */
const kept = async (...ids: readonly string[]) =>
  JSON.stringify(
    Object.values(await orders.contents())
      .flat()
      .filter((document) => ids.includes(String(Object(document)._id))),
  )

test('forgets the person in every order that is over, and says so, however often it is told', async () => {
  const customer = newCustomer()
  const [first, second] = [await placeAs(customer, { prefer: 'wait=1' }), await placeAs(customer)]
  for (const id of [first, second]) await orders.deliver(reports.rejected(id))
  for (const id of [first, second]) await orders.deliver(reports.told(id, 'order-rejected'))
  expect(await kept(first, second)).toContain('Lovelace')

  const event = erased(customer)
  await orders.deliver(event)
  const text = await kept(first, second)
  for (const one of ['Lovelace', 'Ockham', 'example.org', 'mother']) expect(text).not.toContain(one)
  expect(text).toContain('"shippedTo":"GB"')
  expect(await readOrder(orders, first)).toMatchObject({ status: 'rejected', total: { amountMinor: 1250 } })
  expect(confirmations(customer.userId)).toHaveLength(1)

  const before = await orders.contents()
  await orders.deliver(event)
  await orders.deliver(erased(customer))
  expect(await orders.contents()).toEqual(before)
  // Who asks again may not have heard the answer, which is the same one.
  expect(new Set(confirmations(customer.userId).map(({ id }) => id)).size).toBe(1)
  expect(await orders.deadLetters()).toBe(0)
})

test('keeps an order that is open whole until it has ended, and confirms only then', async () => {
  const customer = newCustomer()
  const id = await placeAs(customer)
  expect(await orders.app.person.countOpenOrders(customer.userId)).toBe(1)
  await orders.deliver(erased(customer))
  expect(await kept(id)).toContain('Lovelace')
  expect(confirmations(customer.userId)).toEqual([])

  await orders.deliver(reports.rejected(id))
  await orders.deliver(reports.told(id, 'order-rejected'))
  expect(await orders.app.person.countOpenOrders(customer.userId)).toBe(0)
  await orders.deliver(erased(customer))
  expect(await kept(id)).not.toContain('Lovelace')
  expect(confirmations(customer.userId)).toHaveLength(1)
})

test('leaves other people alone', async () => {
  const [one, other] = [newCustomer(), newCustomer()]
  const id = await placeAs(other)
  await orders.deliver(reports.rejected(id))
  await orders.deliver(reports.told(id, 'order-rejected'))
  await orders.deliver(erased(one))
  expect(await kept(id)).toContain('Lovelace')
})

test('gives a person what there is of him, page by page', async () => {
  const customer = newCustomer()
  const ids: string[] = []
  for (let index = 0; index < 7; index++) ids.push(await placeAs(customer))
  const first = await orders.app.person.dataOf(customer.userId, undefined)
  const second = await orders.app.person.dataOf(customer.userId, first.next ?? '')
  const found = [...first.items, ...second.items].map(({ data }) => data['id'])
  expect(found).toEqual(ids.toReversed())
  expect(second.next).toBeNull()
  expect(JSON.stringify(first.items)).toContain('Ockham')
  expect(JSON.stringify(first.items)).not.toContain('requestHash')
})
