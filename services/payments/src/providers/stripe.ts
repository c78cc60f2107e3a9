import { Stripe } from 'stripe'
import type { ProviderFacts } from '../domain/provider-facts.ts'
import {
  type PaymentProvider,
  type PaymentTarget,
  ProviderRefused,
  ProviderUnclear,
  WebhookForged,
} from './payment-provider.ts'
import { createStripeClient, type StripeOptions } from './stripe-client.ts'
import { declineReasonOf, failureOf } from './stripe-errors.ts'
import { underKey } from './stripe-keys.ts'
import { canCaptureAgain, factsOf, metadataKeys, recordOf, refundedOf, refundFactOf } from './stripe-records.ts'
import { hintOf } from './stripe-webhooks.ts'
import { webhookToleranceMs } from './webhook-signature.ts'

const pageSize = 100
/** PaymentIntents of one payment that are looked through. */
const searchSize = 10
const isEnded = ({ status }: Stripe.PaymentIntent): boolean => status === 'succeeded' || status === 'canceled'

/** Refunds of one payment are read whole; we make 100 at most. */
const maxRefundsRead = 300

/**
 * Stripe through its official library: one PaymentIntent per payment with manual capture (docs.stripe.com/payments/
 * place-a-hold-on-a-payment-method), captured in parts where the card allows it (docs.stripe.com/payments/multicapture).
 * A PaymentIntent is made first and confirmed with a second request, so that a payment that is given up in between is
 * cancelled at Stripe before it ever held anything. Every request bears an idempotency key made of our ids.
 */
export function createStripe(options: StripeOptions, now: () => Date): PaymentProvider {
  const stripe = createStripeClient(options)

  /** Runs requests for a payment; their errors become what they say of it. */
  async function asking<T>(paymentId: string, request: () => Promise<T>): Promise<T> {
    try {
      return await request()
    } catch (error) {
      throw failureOf(error, paymentId)
    }
  }

  /** The same request gives the same PaymentIntent; nothing is held before it is confirmed, so one too many does no harm. */
  const create = ({ paymentId, orderId, amount, method }: PaymentTarget) =>
    underKey(
      `${paymentId}:create`,
      (key) =>
        stripe.paymentIntents.create(
          {
            amount: amount.amountMinor,
            currency: amount.currency.toLowerCase(),
            capture_method: 'manual',
            payment_method: method,
            allowed_payment_method_types: ['card'],
            payment_method_options: { card: { request_multicapture: 'if_available' } },
            metadata: { [metadataKeys.payment]: paymentId, [metadataKeys.order]: orderId },
          },
          key,
        ),
      () => Promise.resolve(undefined),
    )

  /**
   * By Stripe's name, or by ours, which is on the PaymentIntent and finds it a minute after it was made. Only one that
   * was confirmed counts then: a fault of Stripe's may have left another one behind, which never will be.
   */
  async function findIntent({ paymentId, ref }: PaymentTarget): Promise<Stripe.PaymentIntent | undefined> {
    if (ref !== undefined) return await stripe.paymentIntents.retrieve(ref)
    const query = `metadata['${metadataKeys.payment}']:'${paymentId}'`
    const { data } = await stripe.paymentIntents.search({ query, limit: searchSize })
    return data.find((intent) => factsOf(intent).authorization !== undefined)
  }

  const confirm = (paymentId: string, ref: string) =>
    underKey(
      `${paymentId}:confirm`,
      // Nobody is there to be sent to the bank's page: a card that wants that is declined.
      (key) => stripe.paymentIntents.confirm(ref, { error_on_requires_action: true }, key),
      async () => {
        const present = await stripe.paymentIntents.retrieve(ref)
        return factsOf(present).authorization === undefined ? undefined : present
      },
    )

  /**
   * A refused authorisation is a decline, unless the PaymentIntent says otherwise: one that was cancelled meanwhile cannot
   * be confirmed, and one that is confirmed cannot be confirmed again.
   */
  async function refusedFacts(error: unknown): Promise<ProviderFacts> {
    const ref = error instanceof Stripe.errors.StripeError ? error.payment_intent?.id : undefined
    const declined = {
      authorization: 'declined' as const,
      declineReason: declineReasonOf(error),
      captures: [],
      refunds: [],
    }
    if (ref === undefined) return declined
    if (error instanceof Stripe.errors.StripeCardError) return { ref, ...declined }
    const facts = factsOf(await stripe.paymentIntents.retrieve(ref))
    return facts.authorization === undefined ? { ref, ...declined } : facts
  }

  const refundsOf = (ref: string): Promise<Stripe.Refund[]> =>
    stripe.refunds.list({ payment_intent: ref, limit: pageSize }).autoPagingToArray({ limit: maxRefundsRead })

  function refOf({ paymentId, ref }: PaymentTarget): string {
    if (ref === undefined) throw ProviderUnclear({ paymentId, reason: 'its PaymentIntent is not known' })
    return ref
  }

  /** Ends a PaymentIntent. What was captured of it stays. */
  function close(paymentId: string, intent: Stripe.PaymentIntent): Promise<Stripe.PaymentIntent> {
    if (isEnded(intent)) return Promise.resolve(intent)
    const isTaken = intent.amount_received > 0
    return underKey(
      `${paymentId}:${isTaken ? 'release' : 'cancel'}`,
      (key) =>
        isTaken
          ? stripe.paymentIntents.capture(intent.id, { amount_to_capture: 0, final_capture: true }, key)
          : stripe.paymentIntents.cancel(intent.id, {}, key),
      async () => {
        const present = await stripe.paymentIntents.retrieve(intent.id)
        return isEnded(present) ? present : undefined
      },
    )
  }

  return {
    name: 'stripe',
    authorize: (target) => {
      const { paymentId } = target
      return asking(paymentId, async () => {
        try {
          return factsOf(await confirm(paymentId, (await create(target)).id))
        } catch (error) {
          if (!ProviderRefused.is(failureOf(error, paymentId))) throw error
          return await refusedFacts(error)
        }
      })
    },
    capture: (target, { id, amountMinor }, isFinal) =>
      asking(target.paymentId, async () => {
        const ref = refOf(target)
        const read = () => stripe.paymentIntents.retrieve(ref, { expand: ['latest_charge'] })
        const mayStay = !isFinal && canCaptureAgain(await read())
        const captured = await underKey(
          `${target.paymentId}:${id}`,
          (key) =>
            stripe.paymentIntents.capture(
              ref,
              { amount_to_capture: amountMinor, final_capture: !mayStay, metadata: { [id]: String(amountMinor) } },
              key,
            ),
          async () => {
            const present = await read()
            return factsOf(present).captures.some((capture) => capture.id === id) ? present : undefined
          },
        )
        return factsOf(captured)
      }),
    void: (target) =>
      asking(target.paymentId, async () => {
        const ref = target.ref ?? (await create(target)).id
        // A repeated creation answers as it did then, so that the state is asked for.
        return factsOf(await close(target.paymentId, await stripe.paymentIntents.retrieve(ref)))
      }),
    refund: (target, { id, amountMinor }) =>
      asking(target.paymentId, async () => {
        const ref = refOf(target)
        const metadata = { [metadataKeys.refund]: id, [metadataKeys.payment]: target.paymentId }
        const refund = await underKey(
          `${target.paymentId}:${id}`,
          (key) => stripe.refunds.create({ payment_intent: ref, amount: amountMinor, metadata }, key),
          async () => (await refundsOf(ref)).find((one) => refundFactOf(one)?.id === id),
        )
        const fact = refundFactOf(refund)
        return { ref, captures: [], refunds: fact === undefined ? [] : [fact] }
      }),
    lookUp: (target) =>
      asking(target.paymentId, async () => {
        const intent = await findIntent(target)
        if (intent === undefined) return undefined
        return recordOf(intent, intent.amount_received === 0 ? [] : await refundsOf(intent.id))
      }),
    list: (from, after) =>
      asking('', async () => {
        const { data, has_more: hasMore } = await stripe.paymentIntents.list({
          limit: pageSize,
          expand: ['data.latest_charge'],
          created: { gte: Math.floor(from.getTime() / 1000) },
          ...(after !== undefined && { starting_after: after }),
        })
        const ours = data.filter(({ metadata }) => metadata[metadataKeys.payment] !== undefined)
        const next = hasMore ? data.at(-1)?.id : undefined
        return {
          items: ours.map((intent) => ({ ...recordOf(intent, []), refundedMinor: refundedOf(intent) })),
          ...(next !== undefined && { next }),
        }
      }),
    readWebhook: async (body, signature) => {
      try {
        const event = stripe.webhooks.constructEvent(
          body,
          signature ?? '',
          options.webhookSecret,
          webhookToleranceMs / 1000,
          undefined,
          now().getTime(),
        )
        return hintOf(event)
      } catch (cause) {
        if (!(cause instanceof Stripe.errors.StripeSignatureVerificationError)) throw cause
        throw WebhookForged({}, { cause })
      }
    },
  }
}
