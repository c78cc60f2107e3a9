import { availabilityRoute } from '@tradewind/contracts/inventory'
import { implementRoute } from '@tradewind/service-kit/route'
import type { ReadAvailability } from '../use-cases/read-availability.ts'

export const getAvailability = (readAvailability: ReadAvailability) =>
  implementRoute(availabilityRoute, async ({ query }) => {
    const found = await readAvailability([...new Set([query.sku].flat())])
    const items = found.map(({ availableAt, ...one }) => ({
      ...one,
      ...(availableAt !== undefined && { availableAt: availableAt.toISOString() }),
    }))
    return { status: 200, body: { items } }
  })
