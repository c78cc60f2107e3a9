import { StockRestockedV1 } from '@tradewind/contracts/inventory'
import { on } from '@tradewind/messaging/consumer'
import type { RecordFact } from '../use-cases/record-fact.ts'
import { timelineEntry } from './timeline-entry.ts'

// Safe to repeat: each wish is answered once.
export const onStockRestocked = (record: RecordFact) =>
  on(StockRestockedV1, (event) => {
    const { orderId, restockId } = event.data
    return record(orderId, { type: 'units-restocked', restockId }, timelineEntry(event))
  })
