import { changed, unchanged } from '@tradewind/database/decision'
import { type Claim, type Outcome, settleClaims } from '../domain/discount-uses.ts'
import type { OrderStatus } from '../domain/order.ts'
import type { DiscountRepository } from '../store/discount.repository.ts'
import type { OrderRepository } from '../store/order.repository.ts'

/** Counts the uses of codes by what became of their orders. Any replica may run it, also at once. */
export type SettleDiscounts = () => Promise<number>

interface Ports {
  readonly discounts: DiscountRepository
  readonly orders: OrderRepository
  readonly now: () => Date
}

const batch = 50
const undecided: ReadonlySet<OrderStatus> = new Set<OrderStatus>(['pending', 'reserved', 'authorized'])
const stopped: ReadonlySet<OrderStatus> = new Set<OrderStatus>(['rejected', 'cancelled', 'expired'])

const outcomeOf = (status: OrderStatus | undefined): Outcome => {
  if (status === undefined) return 'missing'
  if (undecided.has(status)) return 'undecided'
  return stopped.has(status) ? 'stopped' : 'confirmed'
}

const nameOf = ({ customerId, idempotencyKey }: Pick<Claim, 'customerId' | 'idempotencyKey'>) =>
  `${customerId}/${idempotencyKey}`

export const makeSettleDiscounts =
  ({ discounts, orders, now }: Ports): SettleDiscounts =>
  async () => {
    const due = await discounts.dueBefore(now(), batch)
    for (const id of due) {
      const uses = await discounts.uses.find(id)
      if (uses === undefined) continue
      const found = await orders.statusesByKey(uses.claims)
      const statuses = new Map(found.map((order) => [nameOf(order), order.status]))
      const seen = new Set(uses.claims.map(nameOf))
      await discounts.uses.update(id, (before) => {
        if (before.dueAt === undefined || before.dueAt > now()) return unchanged()
        // A claim that came since has not been looked up.
        const outcome = (claim: Claim) =>
          seen.has(nameOf(claim)) ? outcomeOf(statuses.get(nameOf(claim))) : 'undecided'
        return changed(settleClaims(before, outcome, now()))
      })
    }
    return due.length
  }
