import { LocationNotFound } from '../domain/location.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import { SkuNotFound } from './sku-not-found.ts'

interface Ports {
  readonly locations: LocationRepository
  readonly products: Pick<ProductRepository, 'hasSku'>
}

/** Throws `LocationNotFound` or `SkuNotFound` where there is nothing that stock could stand for. */
export async function requireKnown(
  { locations, products }: Ports,
  sku: string,
  ...locationIds: readonly string[]
): Promise<void> {
  for (const locationId of locationIds) await requireLocation(locations, locationId)
  if (!(await products.hasSku(sku))) throw SkuNotFound({ sku })
}

/** Throws `LocationNotFound`. */
export async function requireLocation(locations: Pick<LocationRepository, 'has'>, locationId: string): Promise<void> {
  if (!(await locations.has(locationId))) throw LocationNotFound({ locationId })
}
