import { defineError } from '@tradewind/service-kit/errors'
import type { Money } from './order.ts'

/** What an operator promised: so many percent, or an amount, off the subtotal of an order. */
export interface DiscountCode {
  /** The code in upper case. */
  readonly id: string
  readonly off: { readonly percent: number } | { readonly amount: Money }
  /** Subtotal from which the code can be used. */
  readonly minimum?: Money
  readonly startsAt?: Date
  readonly endsAt?: Date
  readonly totalLimit?: number
  readonly perCustomerLimit?: number
  readonly status: 'active' | 'disabled'
}

export const UnknownDiscountCode = defineError(
  'ORDERS_UNKNOWN_DISCOUNT_CODE',
  'unprocessable',
  'There is no such discount code.',
)
export const DiscountNotApplicable = defineError(
  'ORDERS_DISCOUNT_NOT_APPLICABLE',
  'unprocessable',
  'The discount code does not apply to this order.',
)
export const InvalidDiscountCode = defineError(
  'ORDERS_INVALID_DISCOUNT_CODE',
  'invalid',
  'The discount code contradicts itself.',
)

/** Codes are told apart without regard to case. */
export const codeIdOf = (code: string): string => code.toUpperCase()

interface Terms {
  readonly percent?: number
  readonly amount?: Money
  readonly startsAt?: Date
  readonly endsAt?: Date
}

/** What a code takes off. Throws `InvalidDiscountCode` unless it says exactly one of the two, and ends after it begins. */
export function offOf({ percent, amount }: Terms): DiscountCode['off'] {
  if (percent !== undefined && amount === undefined) return { percent }
  if (amount !== undefined && percent === undefined) return { amount }
  throw refused('/percent', 'give either percent or amount')
}

export function refuseEmptyPeriod({ startsAt, endsAt }: Terms): void {
  if (startsAt !== undefined && endsAt !== undefined && endsAt <= startsAt) {
    throw refused('/endsAt', 'is not after startsAt')
  }
}

const refused = (pointer: string, detail: string) => InvalidDiscountCode({}, { errors: [{ pointer, detail }] })

/** What the code takes off this subtotal. Throws `UnknownDiscountCode`, `DiscountNotApplicable`. */
export function discountOn(code: DiscountCode | undefined, subtotal: Money, now: Date): Money {
  if (code === undefined || code.status === 'disabled') {
    throw UnknownDiscountCode({}, { errors: [{ pointer: '/discountCode', detail: 'is not known' }] })
  }
  const { startsAt, endsAt, minimum, off } = code
  if (startsAt !== undefined && now < startsAt) throw notApplicable('is not valid yet')
  if (endsAt !== undefined && now >= endsAt) throw notApplicable('is no longer valid')
  if (minimum !== undefined && minimum.currency !== subtotal.currency) throw notApplicable('is for another currency')
  if (minimum !== undefined && subtotal.amountMinor < minimum.amountMinor) {
    throw notApplicable(`needs a subtotal of at least ${minimum.amountMinor} ${minimum.currency} minor units`)
  }
  if ('percent' in off) {
    return { ...subtotal, amountMinor: Number((BigInt(subtotal.amountMinor) * BigInt(off.percent)) / 100n) }
  }
  if (off.amount.currency !== subtotal.currency) throw notApplicable('is for another currency')
  return { ...subtotal, amountMinor: Math.min(off.amount.amountMinor, subtotal.amountMinor) }
}

const notApplicable = (detail: string) => DiscountNotApplicable({}, { errors: [{ pointer: '/discountCode', detail }] })
