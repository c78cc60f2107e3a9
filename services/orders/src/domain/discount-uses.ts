import { defineError } from '@tradewind/service-kit/errors'

/** A use by an order that is perhaps not written yet, named as the order's idempotency names it. */
export interface Claim {
  readonly customerId: string
  readonly idempotencyKey: string
  readonly at: Date
}

/** How often a code was used, over all or by one customer. A use is claimed before its order is written. */
export interface DiscountUses {
  readonly id: string
  /** Uses by orders that were confirmed. */
  readonly used: number
  /** Uses by orders that may still come or stop. */
  readonly claims: readonly Claim[]
  /** When the claims are looked at; missing without any. */
  readonly dueAt?: Date
}

export const DiscountUsedUp = defineError(
  'ORDERS_DISCOUNT_USED_UP',
  'unprocessable',
  'The discount code has been used as often as it may be.',
)
export const DiscountBusy = defineError(
  'ORDERS_DISCOUNT_BUSY',
  'unavailable',
  'Too many orders are using this discount code at the moment.',
)

export const usesOfAll = (codeId: string): string => codeId
export const usesOfCustomer = (codeId: string, customerId: string): string => `${codeId}/${customerId}`

/** Most claims that a document holds; each stands there for seconds. */
const maxClaims = 5000
/** How long an order is given to reach its decision before its claim is looked at. */
const settleMs = 2000
/** A claim whose order was never written is given back after this time, which no request outlives. */
const abandonedMs = 5 * 60_000

const isSame = (a: Claim, b: Claim) => a.customerId === b.customerId && a.idempotencyKey === b.idempotencyKey

/**
 * Claims a use. The same object comes back for a claim that is there, so two requests with one key use a code once.
 * Throws `DiscountUsedUp`, `DiscountBusy`.
 */
export function claimUse(uses: DiscountUses, claim: Claim, limit: number | undefined): DiscountUses {
  if (uses.claims.some((other) => isSame(other, claim))) return uses
  if (limit !== undefined && uses.used + uses.claims.length >= limit) {
    throw DiscountUsedUp({ id: uses.id }, { errors: [{ pointer: '/discountCode', detail: 'is used up' }] })
  }
  if (uses.claims.length >= maxClaims) throw DiscountBusy({ id: uses.id, retryAfterSeconds: 2 })
  return scheduled({ ...uses, claims: [...uses.claims, claim] }, claim.at)
}

/** What became of a claim's order. */
export type Outcome = 'confirmed' | 'stopped' | 'undecided' | 'missing'

/** Counts the claims whose orders were confirmed, and gives back those whose orders stopped or never came. */
export function settleClaims(uses: DiscountUses, outcomeOf: (claim: Claim) => Outcome, now: Date): DiscountUses {
  let { used } = uses
  const claims = uses.claims.filter((claim) => {
    switch (outcomeOf(claim)) {
      case 'confirmed':
        used += 1
        return false
      case 'stopped':
        return false
      case 'undecided':
        return true
      case 'missing':
        return now.getTime() - claim.at.getTime() < abandonedMs
    }
  })
  return scheduled({ ...uses, used, claims }, now)
}

function scheduled({ dueAt: _dueAt, ...uses }: DiscountUses, now: Date): DiscountUses {
  return uses.claims.length === 0 ? uses : { ...uses, dueAt: new Date(now.getTime() + settleMs) }
}
