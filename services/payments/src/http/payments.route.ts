import { PaymentId } from '@tradewind/contracts/common'
import { getPaymentRoute, listPaymentsRoute } from '@tradewind/contracts/payments'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { defineError } from '@tradewind/service-kit/errors'
import { implementRoute } from '@tradewind/service-kit/route'
import type { PaymentRepository } from '../store/payment.repository.ts'
import { presentPayment } from './present-payment.ts'

const PaymentNotFound = defineError('PAYMENTS_NOT_FOUND', 'not-found', 'There is no such payment.')

export const getPayment = (payments: PaymentRepository, provider: string) =>
  implementRoute(getPaymentRoute, async ({ params: { id } }) => {
    const payment = await payments.find(id)
    if (payment === undefined) throw PaymentNotFound({ id })
    return { status: 200, body: presentPayment(payment, provider) }
  })

export const listPayments = (payments: PaymentRepository, provider: string) =>
  implementRoute(listPaymentsRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(PaymentId, query.cursor)
    const found = await payments.list({ orderId: query.orderId, after, limit })
    const { items, nextCursor } = pageOf(found, limit, ({ id }) => id)
    return { status: 200, body: { items: items.map((payment) => presentPayment(payment, provider)), nextCursor } }
  })
