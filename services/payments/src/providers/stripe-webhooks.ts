import type Stripe from 'stripe'
import type { WebhookHint } from './payment-provider.ts'
import { metadataKeys } from './stripe-records.ts'

const idOf = (value: unknown): string | undefined => {
  if (typeof value === 'string') return value
  return typeof value === 'object' && value !== null && 'id' in value && typeof value.id === 'string'
    ? value.id
    : undefined
}

const textIn = (values: unknown, key: string): string | undefined => {
  const fields: Readonly<Record<string, unknown>> = typeof values === 'object' && values !== null ? { ...values } : {}
  const value = fields[key]
  return typeof value === 'string' ? value : undefined
}

/** Which payment an event is about: by our id where its object bears it, else by the PaymentIntent that it names. */
export function hintOf(event: Stripe.Event): WebhookHint {
  const object: object = event.data.object
  const metadata = 'metadata' in object ? object.metadata : undefined
  const paymentId = textIn(metadata, metadataKeys.payment)
  const ref = event.type.startsWith('payment_intent.')
    ? idOf(object)
    : idOf('payment_intent' in object ? object.payment_intent : undefined)
  return {
    eventId: event.id,
    ...(paymentId !== undefined && { paymentId }),
    ...(ref !== undefined && { ref }),
  }
}
