import { OrderContactQueryV1 } from '@tradewind/contracts/orders'
import { connectMessaging } from '@tradewind/messaging/connection'
import { askQuery } from '@tradewind/messaging/query'
import { newId } from '@tradewind/service-kit/ids'
import { createLogger } from '@tradewind/service-kit/log'
import { startBackends } from '@tradewind/testkit/backends'
import { expect, onTestFinished, test } from 'vitest'
import { startOrders } from './orders-under-test.ts'
import { forSale, newCustomer, orderIn, place } from './participants.ts'

test('tells other services the address given with an order, and that there is none', async () => {
  const backends = await startBackends()
  const orders = await startOrders({ ...backends, database: backends.databaseName('orders') })
  const logger = createLogger({ name: 'test', level: 'silent' })
  const messaging = await connectMessaging({ url: backends.natsUrl, service: 'notifications', logger })
  onTestFinished(async () => {
    await messaging.close()
    await orders.stop()
    await backends.stop()
  })
  const ask = askQuery(messaging, OrderContactQueryV1)
  const body = { lines: [{ sku: await forSale(orders), quantity: 1 }], paymentMethod: 'pm_approve' }
  const { id: withAddress } = orderIn(await place(orders, newCustomer(), { ...body, email: 'ada@example.org' }))
  const { id: without } = orderIn(await place(orders, newCustomer(), body))
  expect(await ask({ orderId: withAddress })).toEqual({ contact: { email: 'ada@example.org' } })
  expect(await ask({ orderId: without })).toEqual({ contact: null })
  expect(await ask({ orderId: newId('ord') })).toEqual({ contact: null })
})
