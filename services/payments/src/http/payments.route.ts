import { PaymentId } from '@tradewind/contracts/common'
import { getPaymentRoute, listPaymentsRoute } from '@tradewind/contracts/payments'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { implementRoute } from '@tradewind/service-kit/route'
import type { PaymentRepository } from '../store/payment.repository.ts'
import type { ReadPayment } from '../use-cases/read-payment.ts'
import { presentPayment } from './present-payment.ts'

export const getPayment = (readPayment: ReadPayment, provider: string) =>
  implementRoute(getPaymentRoute, async ({ params: { id } }) => ({
    status: 200,
    body: presentPayment(await readPayment(id), provider),
  }))

export const listPayments = (payments: PaymentRepository, provider: string) =>
  implementRoute(listPaymentsRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(PaymentId, query.cursor)
    const found = await payments.list({ orderId: query.orderId, after, limit })
    const { items, nextCursor } = pageOf(found, limit, ({ id }) => id)
    return { status: 200, body: { items: items.map((payment) => presentPayment(payment, provider)), nextCursor } }
  })
