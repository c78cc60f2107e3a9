import { backordersAllowed, type StockPolicy } from '../domain/stock-policy.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import type { StockPolicyRepository } from '../store/stock-policy.repository.ts'

export interface Availability {
  readonly sku: string
  /** Units that can be ordered and are there: what earlier orders wait for is theirs. */
  readonly available: number
  readonly policy: StockPolicy['policy']
  /** Units that can be ordered beyond that. */
  readonly backorderable?: number
  readonly availableAt?: Date
}

/** What can be ordered of each SKU now, in the order asked for. A SKU that nobody knows has none. */
export type ReadAvailability = (skus: readonly string[]) => Promise<Availability[]>

interface Ports {
  readonly stock: StockRepository
  readonly policies: StockPolicyRepository
  readonly now: () => Date
}

export const makeReadAvailability =
  ({ stock, policies, now }: Ports): ReadAvailability =>
  async (skus) => {
    const [levels, found] = await Promise.all([stock.levels(skus), Promise.all(skus.map((sku) => policies.find(sku)))])
    const shelves = Map.groupBy(levels, ({ sku }) => sku)
    return skus.map((sku, index) => {
      const own = shelves.get(sku) ?? []
      const stocked = own.reduce((sum, { available }) => sum + available, 0)
      const waiting = own.reduce((sum, shelf) => sum + shelf.waiting, 0)
      const policy = found[index]
      const allowed = backordersAllowed(policy, now())
      return {
        sku,
        available: Math.max(0, stocked - waiting),
        policy: policy?.policy ?? 'deny',
        ...(allowed !== undefined && { backorderable: Math.max(0, allowed.limit - Math.max(0, waiting - stocked)) }),
        ...(policy?.policy === 'preorder' && { availableAt: policy.availableAt }),
      }
    })
  }
