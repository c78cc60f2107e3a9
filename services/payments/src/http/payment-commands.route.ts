import { capturePaymentRoute, refundPaymentRoute, voidPaymentRoute } from '@tradewind/contracts/payments'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { CommandPayment } from '../use-cases/command-payment.ts'
import { presentPayment, presentRefund } from './present-payment.ts'

export const postCapture = (command: CommandPayment, provider: string) =>
  implementRoute(capturePaymentRoute, async ({ params, body, headers, caller }) => {
    const { payment, isDone, replayed } = await command.capture({
      paymentId: params.id,
      amountMinor: body.amountMinor,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: isDone ? 200 : 202, body: presentPayment(payment, provider), ...replayedHeaders(replayed) }
  })

export const postVoid = (command: CommandPayment, provider: string) =>
  implementRoute(voidPaymentRoute, async ({ params, headers, caller }) => {
    const { payment, isDone, replayed } = await command.void({
      paymentId: params.id,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: isDone ? 200 : 202, body: presentPayment(payment, provider), ...replayedHeaders(replayed) }
  })

export const postRefund = (command: CommandPayment) =>
  implementRoute(refundPaymentRoute, async ({ params, body, headers, caller }) => {
    const { refund, isDone, replayed } = await command.refund({
      paymentId: params.id,
      ...body,
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
    })
    return { status: isDone ? 201 : 202, body: presentRefund(refund), ...replayedHeaders(replayed) }
  })
