import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { changed } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import { codeIdOf, type DiscountCode, offOf, refuseEmptyPeriod } from '../domain/discount-code.ts'
import { usesOfAll } from '../domain/discount-uses.ts'
import type { Money } from '../domain/order.ts'
import type { DiscountRepository, StoredDiscountCode } from '../store/discount.repository.ts'

export const DiscountCodeNotFound = defineError(
  'ORDERS_DISCOUNT_NOT_FOUND',
  'not-found',
  'There is no such discount code.',
)
export const DiscountCodeTaken = defineError(
  'ORDERS_DISCOUNT_TAKEN',
  'conflict',
  'There is such a discount code already.',
)
export const DiscountCodeChanged = defineError(
  'ORDERS_DISCOUNT_CHANGED',
  'precondition-failed',
  'The discount code was changed meanwhile.',
)

export interface NewDiscountCode extends Omit<DiscountCode, 'id' | 'off' | 'status'> {
  readonly code: string
  readonly percent?: number
  readonly amount?: Money
}

/** What is to be changed; `null` takes a limit or a date away. */
export interface DiscountChange {
  readonly status?: DiscountCode['status']
  readonly startsAt?: Date | null
  readonly endsAt?: Date | null
  readonly totalLimit?: number | null
  readonly perCustomerLimit?: number | null
}

export interface DiscountView {
  readonly code: StoredDiscountCode
  readonly uses: number
}

export interface ManageDiscounts {
  /** Throws `DiscountCodeTaken`, `InvalidDiscountCode`. */
  readonly create: (given: NewDiscountCode) => Promise<DiscountView>
  /** Throws `DiscountCodeNotFound`, `DiscountCodeChanged`, `InvalidDiscountCode`. */
  readonly change: (code: string, change: DiscountChange, version: number | undefined) => Promise<DiscountView>
  /** Throws `DiscountCodeNotFound`. */
  readonly find: (code: string) => Promise<DiscountView>
  readonly list: (after: string | undefined, limit: number) => Promise<DiscountView[]>
}

export function makeManageDiscounts({ discounts }: { readonly discounts: DiscountRepository }): ManageDiscounts {
  const view = async (code: StoredDiscountCode): Promise<DiscountView> => {
    const uses = await discounts.uses.find(usesOfAll(code.id))
    return { code, uses: uses === undefined ? 0 : uses.used + uses.claims.length }
  }
  return {
    create: async ({ code, percent, amount, ...terms }) => {
      refuseEmptyPeriod(terms)
      const off = offOf({ ...(percent !== undefined && { percent }), ...(amount !== undefined && { amount }) })
      try {
        return await view(await discounts.codes.insert({ ...terms, id: codeIdOf(code), off, status: 'active' }))
      } catch (error) {
        if (DuplicateKey.is(error)) throw DiscountCodeTaken({ code }, { cause: error })
        throw error
      }
    },
    change: async (code, change, version) => {
      const id = codeIdOf(code)
      const saved = await discounts.codes.upsert(id, (before) => {
        if (before === undefined) throw DiscountCodeNotFound({ code })
        if (version !== undefined && version !== before.version) throw DiscountCodeChanged({ code })
        const after = changedCode(before, change)
        refuseEmptyPeriod(after)
        return changed(after)
      })
      if (saved === undefined) throw DiscountCodeNotFound({ code })
      return await view(saved)
    },
    find: async (code) => {
      const found = await discounts.codes.find(codeIdOf(code))
      if (found === undefined) throw DiscountCodeNotFound({ code })
      return await view(found)
    },
    list: async (after, limit) => await Promise.all((await discounts.list(after, limit)).map(view)),
  }
}

function changedCode(before: StoredDiscountCode, change: DiscountChange): DiscountCode {
  const { id, off, minimum, status } = before
  const next = <T>(wanted: T | null | undefined, present: T | undefined) =>
    wanted === undefined ? present : (wanted ?? undefined)
  const startsAt = next(change.startsAt, before.startsAt)
  const endsAt = next(change.endsAt, before.endsAt)
  const totalLimit = next(change.totalLimit, before.totalLimit)
  const perCustomerLimit = next(change.perCustomerLimit, before.perCustomerLimit)
  return {
    id,
    off,
    status: change.status ?? status,
    ...(minimum !== undefined && { minimum }),
    ...(startsAt !== undefined && { startsAt }),
    ...(endsAt !== undefined && { endsAt }),
    ...(totalLimit !== undefined && { totalLimit }),
    ...(perCustomerLimit !== undefined && { perCustomerLimit }),
  }
}
