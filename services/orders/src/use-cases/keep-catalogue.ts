import type { ProductUpsertedV1 } from '@tradewind/contracts/catalogue'
import type { EventData } from '@tradewind/contracts/event'
import type { CatalogueRepository } from '../store/catalogue.repository.ts'

/** Takes over a product for later pricing, unless a later version of it is known. */
export type KeepCatalogue = (product: EventData<typeof ProductUpsertedV1>, changedAt: Date) => Promise<void>

export const makeKeepCatalogue =
  (catalogue: CatalogueRepository): KeepCatalogue =>
  (product, changedAt) =>
    catalogue.save(product, changedAt)
