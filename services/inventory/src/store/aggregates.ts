import type { AggregateStore } from '@tradewind/database/aggregate-store'

/** What use cases do with aggregates of a kind; the driver stays out of sight. */
export type Aggregates<S extends { id: string }> = Pick<AggregateStore<S>, 'insert' | 'find' | 'update' | 'upsert'>

/** What the relay reads. */
export type WithOutbox = Pick<AggregateStore<{ id: string }>, 'outbox'>
