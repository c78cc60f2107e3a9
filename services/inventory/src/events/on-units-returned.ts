import { UnitsReturnedV1 } from '@tradewind/contracts/fulfilment'
import { on } from '@tradewind/messaging/consumer'
import type { ReturnUnits } from '../use-cases/return-units.ts'

// Safe to repeat and to reorder: the reservation remembers each restock by its id, and every movement has an id of its own.
export const onUnitsReturned = (returnUnits: ReturnUnits) => on(UnitsReturnedV1, ({ data }) => returnUnits(data))
