import { changed, unchanged } from '@tradewind/database/decision'
import type { DiscountCode } from '../domain/discount-code.ts'
import { type Claim, claimUse, usesOfAll, usesOfCustomer } from '../domain/discount-uses.ts'
import type { DiscountRepository } from '../store/discount.repository.ts'

/**
 * Claims a use of a code for an order before the order is written, so that no limit is exceeded however many come at once.
 * What becomes of the claim is settled later by what became of the order; nothing is given back here, since a request with
 * the same key may be at work on the same order. Throws `DiscountUsedUp`, `DiscountBusy`.
 */
export type ClaimDiscount = (code: DiscountCode, claim: Claim) => Promise<void>

export const makeClaimDiscount =
  ({ discounts }: { readonly discounts: DiscountRepository }): ClaimDiscount =>
  async (code, claim) => {
    const claimIn = (id: string, limit: number | undefined) =>
      discounts.uses.upsert(id, (found) => {
        const before = found ?? { id, used: 0, claims: [] }
        const after = claimUse(before, claim, limit)
        return after === before ? unchanged() : changed(after)
      })
    if (code.perCustomerLimit !== undefined) {
      await claimIn(usesOfCustomer(code.id, claim.customerId), code.perCustomerLimit)
    }
    await claimIn(usesOfAll(code.id), code.totalLimit)
  }
