import { ProductUpsertedV1 } from '@tradewind/contracts/inventory'
import { on } from '@tradewind/messaging/consumer'
import type { CatalogueRepository } from '../store/catalogue.repository.ts'

// Safe to repeat and to reorder: only a later version replaces what is known.
export const onProductUpserted = (catalogue: CatalogueRepository) =>
  on(ProductUpsertedV1, ({ data }) => catalogue.save(data))
