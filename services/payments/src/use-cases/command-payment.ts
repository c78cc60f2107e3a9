import { unchanged } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import type { Payment, Refund } from '../domain/payment.ts'
import {
  requireCapturable,
  requireRefundable,
  requireVoidable,
  wishCapture,
  wishRefund,
  wishVoided,
} from '../domain/wishes.ts'
import { ProviderUnclear } from '../providers/payment-provider.ts'
import type { PaymentRepository, StoredPayment } from '../store/payment.repository.ts'
import type { RequestClaims } from '../store/request-claims.ts'
import type { AdvancePayment } from './advance-payment.ts'
import { decided } from './payment-events.ts'
import { PaymentNotFound } from './payment-not-found.ts'

const CaptureRefused = defineError(
  'PAYMENTS_CAPTURE_REFUSED',
  'unprocessable',
  'The payment provider will not take this amount. Nothing was captured.',
)
const RefundRefused = defineError(
  'PAYMENTS_REFUND_REFUSED',
  'unprocessable',
  'The payment provider will not give this amount back. Nothing was refunded.',
)

interface Command {
  readonly paymentId: string
  readonly userId: string
  readonly idempotencyKey: string
}

export interface CommandOutcome {
  readonly payment: StoredPayment
  /** False while the provider has not said what it did. */
  readonly isDone: boolean
  readonly replayed: boolean
}

/**
 * What operators ask for by hand, once per caller and idempotency key. Refused where it is not possible as things stand;
 * what was begun is carried on whatever fails.
 */
export interface CommandPayment {
  readonly capture: (command: Command & { readonly amountMinor: number | undefined }) => Promise<CommandOutcome>
  readonly void: (command: Command) => Promise<CommandOutcome>
  readonly refund: (
    command: Command & { readonly amountMinor: number; readonly reason: string },
  ) => Promise<CommandOutcome & { readonly refund: Refund }>
}

interface Ports {
  readonly payments: PaymentRepository
  readonly claims: RequestClaims
  readonly advance: AdvancePayment
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

interface Steps {
  readonly isKnown: (payment: Payment, id: string) => boolean
  readonly require: (payment: Payment) => void
  readonly wish: (payment: Payment, id: string) => Payment
}

export const makeCommandPayment = ({ payments, claims, advance, now, newId }: Ports): CommandPayment => {
  async function carryOut({ paymentId, userId, idempotencyKey }: Command, request: unknown, steps: Steps) {
    const found = await payments.find(paymentId)
    if (found === undefined) throw PaymentNotFound({ paymentId })
    // What is not possible claims no key. Somebody may still be faster: the payment itself decides below.
    if (!(await claims.isClaimed(userId, idempotencyKey))) steps.require(found)
    const id = await claims.claim(userId, idempotencyKey, JSON.stringify([paymentId, request]))
    let isNew = false
    let replayed = false
    const saved = await payments.update(paymentId, (before) => {
      replayed = steps.isKnown(before, id)
      if (replayed) return unchanged()
      steps.require(before)
      const after = steps.wish(before, id)
      isNew = after.intent !== before.intent
      return decided(before, after, newId)
    })
    return { id, payment: await follow(saved, isNew), replayed }
  }

  async function follow(saved: StoredPayment, isNew: boolean): Promise<StoredPayment> {
    if (saved.intent === undefined) return saved
    try {
      return await advance(saved, isNew)
    } catch (error) {
      if (!ProviderUnclear.is(error)) throw error
      // It is written down and will be carried on.
      return (await payments.find(saved.id)) ?? saved
    }
  }

  return {
    capture: async (command) => {
      const { amountMinor, userId } = command
      const { id, payment, replayed } = await carryOut(command, ['capture', amountMinor ?? null], {
        isKnown: ({ captures }, hex) => captures.some((capture) => capture.id === `cap_${hex}`),
        require: (before) => requireCapturable(before, amountMinor),
        wish: (before, hex) => {
          const wish = { id: `cap_${hex}`, requestedBy: userId, ...(amountMinor !== undefined && { amountMinor }) }
          return wishCapture(before, wish, now())
        },
      })
      const capture = payment.captures.find((one) => one.id === `cap_${id}`)
      if (capture?.state === 'refused') throw CaptureRefused({ paymentId: payment.id, reason: capture.failure })
      return { payment, isDone: capture?.state !== 'wanted', replayed }
    },
    void: async (command) => {
      const { payment, replayed } = await carryOut(command, ['void'], {
        isKnown: ({ voidId }, hex) => voidId === hex,
        require: requireVoidable,
        wish: (before, hex) => wishVoided(before, hex, command.userId, now()),
      })
      return { payment, isDone: payment.authorization !== 'held', replayed }
    },
    refund: async (command) => {
      const { amountMinor, reason, userId } = command
      const { id, payment, replayed } = await carryOut(command, ['refund', amountMinor, reason], {
        isKnown: ({ refunds }, hex) => refunds.some((refund) => refund.id === `ref_${hex}`),
        require: (before) => requireRefundable(before, amountMinor),
        wish: (before, hex) =>
          wishRefund(before, { id: `ref_${hex}`, amountMinor, reason, requestedBy: userId }, now()),
      })
      const refund = payment.refunds.find((one) => one.id === `ref_${id}`)
      if (refund === undefined || refund.state === 'failed')
        throw RefundRefused({ paymentId: payment.id, reason: refund?.failure })
      return { payment, refund, isDone: refund.state === 'succeeded', replayed }
    },
  }
}
