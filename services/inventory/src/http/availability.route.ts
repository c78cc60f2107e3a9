import { availabilityRoute } from '@tradewind/contracts/inventory'
import { implementRoute } from '@tradewind/service-kit/route'
import type { BrowseCatalogue } from '../use-cases/browse-catalogue.ts'

export const getAvailability = (catalogue: BrowseCatalogue) =>
  implementRoute(availabilityRoute, async ({ query }) => {
    const skus = [...new Set([query.sku].flat())]
    const available = await catalogue.availability(skus)
    const items = skus.map((sku) => ({ sku, available: available.get(sku) ?? 0, policy: 'deny' as const }))
    return { status: 200, body: { items } }
  })
