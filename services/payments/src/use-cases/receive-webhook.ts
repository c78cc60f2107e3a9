import { defineError } from '@tradewind/service-kit/errors'
import { learn } from '../domain/provider-facts.ts'
import { type PaymentProvider, ProviderUnclear } from '../providers/payment-provider.ts'
import type { PaymentRepository } from '../store/payment.repository.ts'
import type { WebhookEvents } from '../store/webhook-events.ts'
import { type AdvancePayment, targetOf } from './advance-payment.ts'
import { decided } from './payment-events.ts'

const ProviderNotInUse = defineError(
  'PAYMENTS_PROVIDER_NOT_IN_USE',
  'not-found',
  'Payments are not made with this provider here.',
)

export interface ReceivedWebhook {
  readonly provider: string
  /** The bytes as they came. */
  readonly body: Buffer
  readonly signature: string | undefined
}

/**
 * Takes in what a provider tells. It is believed to the extent that somebody who knows the secret said that something
 * happened; what it was, the provider is asked. So it does not matter how late, how often or in which order it comes.
 * Throws `WebhookForged`, and `ProviderUnclear` when the provider does not answer: it then sends again.
 */
export type ReceiveWebhook = (webhook: ReceivedWebhook) => Promise<void>

interface Ports {
  readonly payments: PaymentRepository
  readonly provider: PaymentProvider
  readonly webhookEvents: WebhookEvents
  readonly advance: AdvancePayment
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  /** Told of a webhook about something that is no payment of ours. */
  readonly onUnknownWebhook: (eventId: string) => void
}

export const makeReceiveWebhook = (ports: Ports): ReceiveWebhook => {
  const { payments, provider, webhookEvents, advance, now, newId, onUnknownWebhook } = ports

  async function follow(paymentId: string): Promise<void> {
    const payment = await payments.find(paymentId)
    if (payment?.amount === undefined) return
    const record = await provider.lookUp(targetOf(payment, provider))
    if (record === undefined) return
    const saved = await payments.update(paymentId, (before) => decided(before, learn(before, record, now()), newId))
    if (saved.intent === undefined) return
    try {
      await advance(saved)
    } catch (error) {
      // What happened is written down; what is still to be asked is the sweeper's, not the provider's business.
      if (!ProviderUnclear.is(error)) throw error
    }
  }

  return async ({ provider: name, body, signature }) => {
    if (name !== provider.name) throw ProviderNotInUse({ name })
    const { eventId, paymentId, ref } = await provider.readWebhook(body, signature)
    if (await webhookEvents.has(name, eventId)) return
    const named = paymentId === undefined ? undefined : await payments.find(paymentId)
    const payment = named ?? (ref === undefined ? undefined : await payments.findByRef(ref))
    if (payment === undefined) onUnknownWebhook(eventId)
    else await follow(payment.id)
    // Noted last: what a crash forgets is asked for twice, which changes nothing.
    await webhookEvents.add(name, eventId)
  }
}
