import { changed } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import { LocationNotFound } from '../domain/location.ts'
import type { StockPolicy } from '../domain/stock-policy.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import type { StockPolicyRepository } from '../store/stock-policy.repository.ts'
import { SkuNotFound } from './sku-not-found.ts'

export const PolicyIncomplete = defineError(
  'INVENTORY_POLICY_INCOMPLETE',
  'invalid',
  'backorder takes a limit, preorder a limit and availableAt, deny neither.',
)

export interface StockPolicyInput {
  readonly sku: string
  readonly policy: StockPolicy['policy']
  readonly limit: number | undefined
  /** Where what waits is served; by default the first location. */
  readonly locationId: string | undefined
  readonly availableAt: Date | undefined
}

/** Says whether a SKU may be ordered that is not there. Orders that wait already go on waiting. */
export type SetStockPolicy = (input: StockPolicyInput) => Promise<StockPolicy>

interface Ports {
  readonly policies: StockPolicyRepository
  readonly locations: LocationRepository
  readonly products: Pick<ProductRepository, 'hasSku'>
}

export const makeSetStockPolicy = ({ policies, locations, products }: Ports): SetStockPolicy => {
  async function placeFor(locationId: string | undefined): Promise<string> {
    const places = await locations.list()
    const place = locationId === undefined ? places[0] : places.find(({ id }) => id === locationId)
    if (place === undefined) throw LocationNotFound({ locationId })
    return place.id
  }

  return async (input) => {
    if (!(await products.hasSku(input.sku))) throw SkuNotFound({ sku: input.sku })
    const policy = checked(input, input.policy === 'deny' ? '' : await placeFor(input.locationId))
    await policies.upsert(input.sku, () => changed(policy))
    return policy
  }
}

function checked(input: StockPolicyInput, place: string): StockPolicy {
  const { sku: id, policy, limit, availableAt, locationId } = input
  switch (policy) {
    case 'deny':
      refuse({ limit, availableAt, locationId })
      return { id, policy }
    case 'backorder':
      refuse({ availableAt })
      return { id, policy, limit: limit ?? missing('limit'), locationId: place }
    case 'preorder':
      return {
        id,
        policy,
        limit: limit ?? missing('limit'),
        locationId: place,
        availableAt: availableAt ?? missing('availableAt'),
      }
  }
}

function missing(field: string): never {
  throw PolicyIncomplete({ field }, { errors: [{ pointer: `/${field}`, detail: 'is required by this policy' }] })
}

function refuse(fields: Readonly<Record<string, unknown>>): void {
  const extra = Object.entries(fields).find(([, value]) => value !== undefined)
  if (extra === undefined) return
  const [field] = extra
  throw PolicyIncomplete({ field }, { errors: [{ pointer: `/${field}`, detail: 'is not taken by this policy' }] })
}
