import { ProductUpsertedV1 } from '@tradewind/contracts/catalogue'
import { on } from '@tradewind/messaging/consumer'
import type { KeepCatalogue } from '../use-cases/keep-catalogue.ts'

// Safe to repeat and to reorder: only a later version replaces what is known.
export const onProductUpserted = (keep: KeepCatalogue) => on(ProductUpsertedV1, ({ data, time }) => keep(data, time))
