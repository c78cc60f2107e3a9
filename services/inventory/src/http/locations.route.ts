import { createLocationRoute, listLocationsRoute } from '@tradewind/contracts/inventory'
import { implementRoute } from '@tradewind/service-kit/route'
import type { LocationRepository } from '../store/location.repository.ts'

export const listLocations = (locations: LocationRepository) =>
  implementRoute(listLocationsRoute, async () => ({ status: 200, body: { items: await locations.list() } }))

export const createLocation = (locations: LocationRepository) =>
  implementRoute(createLocationRoute, async ({ body }) => {
    await locations.insert(body)
    return { status: 201, body }
  })
