import { setStockPolicyRoute } from '@tradewind/contracts/inventory'
import { implementRoute } from '@tradewind/service-kit/route'
import type { StockPolicy } from '../domain/stock-policy.ts'
import type { SetStockPolicy } from '../use-cases/set-stock-policy.ts'

const present = ({ id: sku, ...policy }: StockPolicy) =>
  policy.policy === 'preorder' ? { sku, ...policy, availableAt: policy.availableAt.toISOString() } : { sku, ...policy }

export const putStockPolicy = (setStockPolicy: SetStockPolicy) =>
  implementRoute(setStockPolicyRoute, async ({ params, body }) => {
    const { policy, limit, locationId, availableAt } = body
    const saved = await setStockPolicy({
      sku: params.sku,
      policy,
      limit,
      locationId,
      availableAt: availableAt === undefined ? undefined : new Date(availableAt),
    })
    return { status: 200, body: present(saved) }
  })
