import { ProductUpsertedV1 } from '@tradewind/contracts/catalogue'
import type { DomainEvent, EventData } from '@tradewind/contracts/event'
import {
  ReservationCommittedV1,
  ReservationExpiredV1,
  ReservationHeldV1,
  ReservationRejectedV1,
  ReservationReleasedV1,
} from '@tradewind/contracts/inventory'
import { NotificationFailedV1, NotificationSentV1, type NotificationTemplate } from '@tradewind/contracts/notifications'
import {
  PaymentAuthorizedV1,
  PaymentCapturedV1,
  PaymentDeclinedV1,
  PaymentVoidedV1,
  RefundSucceededV1,
} from '@tradewind/contracts/payments'
import { newId } from '@tradewind/service-kit/ids'
import type { Answer, Request } from '@tradewind/service-testkit/running-service'
import { expect } from 'vitest'
import type { OrdersUnderTest } from './orders-under-test.ts'

/** What the other services report of an order. */
const amount = { amountMinor: 2500, currency: 'EUR' }
const paymentIdOf = (orderId: string) => orderId.replace('ord_', 'pay_')
const event = () => newId('evt')
const ofMail = (orderId: string, template: NotificationTemplate) => ({
  notificationId: newId('ntf'),
  orderId,
  template,
  channel: 'email' as const,
})

export const reports = {
  held: (orderId: string): DomainEvent =>
    ReservationHeldV1.create(event(), { orderId, expiresAt: '2026-01-01T00:00:00Z', allocations: [] }),
  rejected: (orderId: string): DomainEvent =>
    ReservationRejectedV1.create(event(), { orderId, reason: 'out_of_stock', unavailable: [] }),
  committed: (orderId: string): DomainEvent => ReservationCommittedV1.create(event(), { orderId, allocations: [] }),
  released: (orderId: string): DomainEvent => ReservationReleasedV1.create(event(), { orderId, restocked: false }),
  holdExpired: (orderId: string): DomainEvent => ReservationExpiredV1.create(event(), { orderId }),
  authorized: (orderId: string): DomainEvent =>
    PaymentAuthorizedV1.create(event(), { orderId, paymentId: paymentIdOf(orderId), amount }),
  declined: (orderId: string): DomainEvent =>
    PaymentDeclinedV1.create(event(), { orderId, paymentId: paymentIdOf(orderId), reason: 'insufficient_funds' }),
  captured: (orderId: string): DomainEvent =>
    PaymentCapturedV1.create(event(), { orderId, paymentId: paymentIdOf(orderId), amount }),
  voided: (orderId: string): DomainEvent =>
    PaymentVoidedV1.create(event(), { orderId, paymentId: paymentIdOf(orderId) }),
  refunded: (orderId: string): DomainEvent =>
    RefundSucceededV1.create(event(), { orderId, paymentId: paymentIdOf(orderId), refundId: newId('ref'), amount }),
  told: (orderId: string, template: NotificationTemplate = 'order-confirmed'): DomainEvent =>
    NotificationSentV1.create(event(), ofMail(orderId, template)),
  notTold: (orderId: string, template: NotificationTemplate = 'order-confirmed'): DomainEvent =>
    NotificationFailedV1.create(event(), { ...ofMail(orderId, template), reason: 'the mail server refused it' }),
} as const

interface Priced {
  readonly sku: string
  readonly amountMinor?: number
  readonly currency?: string
  readonly weightGrams?: number
}

export const product = (
  variants: readonly Priced[],
  { productId = newId('prd'), version = 1, status = 'active' }: Partial<EventData<typeof ProductUpsertedV1>> = {},
): DomainEvent =>
  ProductUpsertedV1.create(newId('evt'), {
    productId,
    version,
    title: 'Mug',
    category: 'mugs',
    status,
    variants: variants.map(({ sku, amountMinor = 1250, currency = 'EUR', weightGrams }) => ({
      sku,
      title: 'Blue',
      price: { amountMinor, currency },
      ...(weightGrams !== undefined && { weightGrams }),
    })),
  })

/** Puts a product of its own up for sale and returns its SKU. */
export async function forSale({ deliver }: OrdersUnderTest, amountMinor = 1250, currency = 'EUR'): Promise<string> {
  const sku = newId('sku')
  await deliver(product([{ sku, amountMinor, currency }]))
  return sku
}

export interface OrderBody {
  id: string
  number: string
  customerId: string
  status: string
  paymentStatus: string
  fulfilmentStatus: string
  lines: { id: string; sku: string; quantity: number }[]
  total: { amountMinor: number }
  version: number
  reason?: string
}

export const orderIn = ({ body }: Answer): OrderBody => JSON.parse(JSON.stringify(body))

export interface Customer {
  readonly userId: string
}
export const newCustomer = (): Customer => ({ userId: newId('usr') })

export const place = (
  { request }: OrdersUnderTest,
  as: NonNullable<Request['as']>,
  body: unknown,
  headers: Readonly<Record<string, string>> = {},
) => request('POST', '/v1/orders', { as, body, headers: { 'idempotency-key': newId('key'), ...headers } })

/** A new order of two units at 12.50, brought on by what the others report. */
export async function orderAfter(
  orders: OrdersUnderTest,
  as: NonNullable<Request['as']>,
  ...steps: readonly (keyof typeof reports)[]
): Promise<string> {
  const sku = await forSale(orders)
  const answer = await place(orders, as, { lines: [{ sku, quantity: 2 }], paymentMethod: 'pm_approve' })
  expect(answer.status).toBe(201)
  const { id } = orderIn(answer)
  for (const step of steps) await orders.deliver(reports[step](id))
  return id
}

export const readOrder = async ({ request }: OrdersUnderTest, id: string): Promise<OrderBody> =>
  orderIn(await request('GET', `/v1/orders/${id}`, { as: { roles: ['operator'] } }))
