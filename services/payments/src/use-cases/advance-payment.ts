import type { Intent, Payment } from '../domain/payment.ts'
import { learn, type ProviderFacts, refuse } from '../domain/provider-facts.ts'
import {
  type PaymentProvider,
  type PaymentTarget,
  ProviderRefused,
  ProviderUnclear,
} from '../providers/payment-provider.ts'
import type { PaymentRepository, StoredPayment } from '../store/payment.repository.ts'
import { decided } from './payment-events.ts'

/**
 * Asks the provider until nothing is to be asked any more. Safe to repeat and to run twice at once: the provider knows each
 * capture and refund by its id, and only what is new is written. `isNew` says that this very caller wrote the intent; anybody
 * else may be the second to ask, and first asks what the provider knows. Throws `ProviderUnclear` when an answer is not
 * known; then it is simply called again, by the event's redelivery or the sweeper.
 */
export type AdvancePayment = (payment: StoredPayment, isNew?: boolean) => Promise<StoredPayment>

interface Ports {
  readonly payments: PaymentRepository
  readonly provider: PaymentProvider
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Every capture and refund of a payment, its authorisation and its end. More means that provider and payment disagree for ever. */
const maxSteps = 150

interface Answer {
  /** What the provider says it did; missing where it knows nothing of the payment. */
  readonly facts: ProviderFacts | undefined
  /** Why it will not do what it was asked, now or later. */
  readonly refusal?: string
}

export const makeAdvancePayment = ({ payments, provider, now, newId }: Ports): AdvancePayment => {
  async function answerTo(intent: Intent, payment: Payment, isNew: boolean): Promise<Answer> {
    const target = targetOf(payment, provider)
    if (!isNew) {
      const record = await provider.lookUp(target)
      if (record !== undefined && learn(payment, record, now()).intent !== intent) return { facts: record }
    }
    try {
      return { facts: await ask(provider, target, intent) }
    } catch (error) {
      if (!ProviderRefused.is(error)) throw error
      const { reason } = error.details
      // What it refuses it may have done before, or it holds nothing any more: it says so when it is asked.
      return { facts: await provider.lookUp(target), refusal: typeof reason === 'string' ? reason : error.message }
    }
  }

  return async (payment, isNew = false) => {
    let current = payment
    let isOwn = isNew
    for (let steps = 0; steps < maxSteps; steps += 1) {
      const { intent } = current
      if (intent === undefined) return current
      const { facts, refusal } = await answerTo(intent, current, isOwn)
      let wrote = false
      current = await payments.update(payment.id, (before) => {
        const known = facts === undefined ? before : learn(before, facts, now())
        const after = refusal === undefined ? known : refuse(known, intent, refusal, now())
        wrote = after.intent !== before.intent
        return decided(before, after, newId)
      })
      if (sameIntent(current.intent, intent)) break
      isOwn = wrote
    }
    throw ProviderUnclear({ paymentId: payment.id, status: current.status, intent: current.intent })
  }
}

/** The payment as the provider is told of it. Throws `ProviderUnclear` where that is not possible at the moment. */
export function targetOf(payment: Payment, provider: PaymentProvider): PaymentTarget {
  const { id: paymentId, orderId, amount, method, providerRef: ref } = payment
  if (amount === undefined || method === undefined)
    throw ProviderUnclear({ paymentId, reason: 'its order is not known' })
  if (payment.provider !== undefined && payment.provider !== provider.name)
    throw ProviderUnclear({ paymentId, reason: `it was begun with ${payment.provider}, which is not in use` })
  return { paymentId, orderId, amount, method, ...(ref !== undefined && { ref }) }
}

function ask(provider: PaymentProvider, target: PaymentTarget, intent: Intent): Promise<ProviderFacts> {
  switch (intent.kind) {
    case 'authorize':
      return provider.authorize(target)
    case 'capture':
      return provider.capture(target, intent, intent.isFinal)
    case 'void':
      return provider.void(target)
    case 'refund':
      return provider.refund(target, intent)
  }
}

const sameIntent = (one: Intent | undefined, other: Intent): boolean => JSON.stringify(one) === JSON.stringify(other)
