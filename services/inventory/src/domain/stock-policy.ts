/** Whether a SKU may be ordered that is not there, in one document per SKU. What waits stands on one shelf, so that its limit holds. */
export type StockPolicy =
  | { readonly id: string; readonly policy: 'deny' }
  | { readonly id: string; readonly policy: 'backorder'; readonly limit: number; readonly locationId: string }
  | {
      readonly id: string
      readonly policy: 'preorder'
      readonly limit: number
      readonly locationId: string
      /** When it comes out. Until then it may be ordered in advance, from then on only what is there. */
      readonly availableAt: Date
    }

/** How many units may wait over all orders, and where. Nowhere when nothing may. */
export function backordersAllowed(
  policy: StockPolicy | undefined,
  now: Date,
): { readonly limit: number; readonly locationId: string } | undefined {
  if (policy === undefined || policy.policy === 'deny') return undefined
  if (policy.policy === 'preorder' && policy.availableAt.getTime() <= now.getTime()) return undefined
  return { limit: policy.limit, locationId: policy.locationId }
}
