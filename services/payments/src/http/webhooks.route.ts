import { buffer } from 'node:stream/consumers'
import { paymentWebhookRoute } from '@tradewind/contracts/payments'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReceiveWebhook } from '../use-cases/receive-webhook.ts'

export const postWebhook = (receive: ReceiveWebhook) =>
  implementRoute(paymentWebhookRoute, async ({ params: { provider }, headers, upload }) => {
    // The signature is over the bytes: they are not parsed before it was checked, and bounded by the contract.
    const body = await buffer(upload.stream)
    await receive({ provider, body, signature: headers[`${provider}-signature`] })
    return { status: 200, body: { received: true } }
  })
