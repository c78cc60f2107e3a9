import type { DomainEvent } from '@tradewind/contracts/event'
import type { Aggregates, Stored } from '@tradewind/database/aggregate-store'
import { createMemoryAggregates } from '@tradewind/database/memory-aggregates'
import { IdempotencyKeyReused } from '@tradewind/service-kit/idempotency'
import type { Location } from '../../src/domain/location.ts'
import type { Reservation } from '../../src/domain/reservation.ts'
import { backorderedUnits, heldUnits, type Movement, type Stock } from '../../src/domain/stock.ts'
import type { StockPolicy } from '../../src/domain/stock-policy.ts'
import type { Transfer } from '../../src/domain/transfer.ts'
import type { AdjustmentClaims } from '../../src/store/adjustment-claims.ts'
import type { LocationRepository } from '../../src/store/location.repository.ts'
import type { LedgerEntry, MovementLedger } from '../../src/store/movement-ledger.ts'
import type { ReservationRepository } from '../../src/store/reservation.repository.ts'
import type { StockRepository } from '../../src/store/stock.repository.ts'
import type { StockPolicyRepository } from '../../src/store/stock-policy.repository.ts'
import type { TransferRepository } from '../../src/store/transfer.repository.ts'

/** What all replicas share. */
export interface Memory {
  readonly stock: Map<string, Stock & Stored>
  readonly reservations: Map<string, Reservation & Stored>
  readonly transfers: Map<string, Transfer & Stored>
  readonly policies: Map<string, StockPolicy & Stored>
  readonly ledger: Map<string, LedgerEntry>
  readonly claims: Map<string, string>
  readonly locations: readonly Location[]
  /** Events that went out, in order; one that was asked for again stands there again. */
  readonly published: DomainEvent[]
  /** Every event that an aggregate has said, by its id. */
  readonly said: Map<string, DomainEvent[]>
  /** Told of each event that goes out. */
  readonly announce?: (event: DomainEvent) => void
}

export const createMemory = (locations: readonly Location[]): Memory => ({
  stock: new Map(),
  reservations: new Map(),
  transfers: new Map(),
  policies: new Map(),
  ledger: new Map(),
  claims: new Map(),
  locations,
  published: [],
  said: new Map(),
})

interface Options {
  readonly now: () => Date
  /** Carries out what goes to the database when its turn comes. Rejects in a process that has died, before or after it. */
  readonly step: <T>(apply: () => T) => Promise<T>
}

const ordered = <T extends { id: string }>(all: Iterable<T>) => [...all].toSorted((a, b) => (a.id < b.id ? -1 : 1))

/** The stores of one replica, without a database: each decision and its write are one step, as a guarded update makes them. */
export function createMemoryStores(memory: Memory, { now, step: reading }: Options) {
  const announce = (event: DomainEvent) => {
    memory.published.push(event)
    memory.announce?.(event)
  }
  const aggregates = <S extends { id: string }>(all: Map<string, S & Stored>): Aggregates<S> =>
    createMemoryAggregates(all, memory.said, { now, step: reading, announce })

  const due = (all: Iterable<{ id: string; dueAt?: Date }>, before: Date, limit: number) =>
    [...all]
      .filter(({ dueAt }) => dueAt !== undefined && dueAt <= before)
      .slice(0, limit)
      .map(({ id }) => id)
  const page = <T extends { id: string }>(all: Iterable<T>, after: string, limit: number) =>
    ordered(all)
      .filter(({ id }) => id > after)
      .slice(0, limit)
  const summary = (one: Stock) => ({
    id: one.id,
    sku: one.sku,
    locationId: one.locationId,
    onHand: one.onHand,
    available: one.available,
    held: heldUnits(one),
    waiting: backorderedUnits(one),
    lowAt: one.lowAt,
  })

  const stock: StockRepository = {
    ...aggregates(memory.stock),
    findBySkus: (skus) => reading(() => [...memory.stock.values()].filter(({ sku }) => skus.includes(sku))),
    levels: (skus) => reading(() => [...memory.stock.values()].filter(({ sku }) => skus.includes(sku)).map(summary)),
    page: ({ limit, after = '' }) => reading(() => page(memory.stock.values(), after, limit + 1).map(summary)),
    count: () => reading(() => memory.stock.size),
    walk: (after, limit) => reading(() => page(memory.stock.values(), after, limit)),
    withMovementsBefore: (before, limit) =>
      reading(() =>
        [...memory.stock.values()]
          .filter(({ movementsSince }) => movementsSince !== undefined && movementsSince < before)
          .slice(0, limit),
      ),
  }
  const reservations: ReservationRepository = {
    ...aggregates(memory.reservations),
    dueBefore: (before, limit) => reading(() => due(memory.reservations.values(), before, limit)),
    findMany: (ids) => reading(() => new Map([...memory.reservations.entries()].filter(([id]) => ids.includes(id)))),
    walkOpen: (after, limit) =>
      reading(() => {
        const open = [...memory.reservations.values()].filter(
          ({ dueAt, allocations }) =>
            dueAt !== undefined || allocations.some(({ backordered }) => backordered !== undefined),
        )
        return page(open, after, limit)
      }),
    walkSku: (sku, after, limit) =>
      reading(() => {
        const wanted = [...memory.reservations.values()].filter(({ demand }) => demand.some((one) => one.sku === sku))
        return page(wanted, after, limit)
      }),
  }
  const transfers: TransferRepository = {
    ...aggregates(memory.transfers),
    dueBefore: (before, limit) => reading(() => due(memory.transfers.values(), before, limit)),
    walkSku: (sku, after, limit) =>
      reading(() => {
        const moved = [...memory.transfers.values()].filter(({ status }) => status === 'taken' || status === 'done')
        return page(
          moved.filter((one) => one.sku === sku),
          after,
          limit,
        )
      }),
  }
  const policies: StockPolicyRepository = {
    upsert: aggregates<StockPolicy>(memory.policies).upsert,
    find: (sku) => reading(() => memory.policies.get(sku)),
  }
  const entryOf = (
    { id: stockId, sku, locationId }: Pick<Stock, 'id' | 'sku' | 'locationId'>,
    { id: _id, ...movement }: Movement,
  ): LedgerEntry => ({
    _id,
    stockId,
    sku,
    locationId,
    ...movement,
  })
  const entriesOf = (id: string) => [...memory.ledger.values()].filter(({ stockId }) => stockId === id)
  const movements = (wanted: (entry: LedgerEntry) => boolean): Promise<Movement[]> =>
    reading(() => [...memory.ledger.values()].filter(wanted).map(({ _id: id, ...entry }) => ({ ...entry, id })))
  const ledger: MovementLedger = {
    append: (stocks) =>
      reading(() => {
        for (const one of stocks) {
          for (const movement of one.movements) {
            if (!memory.ledger.has(movement.id)) memory.ledger.set(movement.id, entryOf(one, movement))
          }
        }
      }),
    findAny: (ids) =>
      reading(() => {
        const found = [...memory.ledger.values()].find(({ _id }) => ids.includes(_id))
        return found === undefined ? null : { ...found, id: found._id }
      }),
    page: () => reading(() => [...memory.ledger.values()]),
    sumOf: (id, upTo, except) =>
      reading(() =>
        entriesOf(id)
          .filter(({ seq, _id }) => seq <= upTo && !except.includes(_id))
          .reduce((sum, { delta }) => sum + delta, 0),
      ),
    totalOf: (id, except) =>
      reading(() => {
        const counted = entriesOf(id).filter(({ _id }) => !except.includes(_id))
        return {
          sum: counted.reduce((sum, { delta }) => sum + delta, 0),
          lastSeq: Math.max(0, ...counted.map(({ seq }) => seq)),
        }
      }),
    ofOrders: (id, orderIds) =>
      movements(({ stockId, orderId }) => stockId === id && orderId !== undefined && orderIds.includes(orderId)),
    findAll: (ids) => movements(({ _id }) => ids.includes(_id)),
    since: (id, at) => movements((entry) => entry.stockId === id && entry.at >= at),
    stocks: (after, limit) =>
      reading(() => {
        const stocks = Map.groupBy(memory.ledger.values(), ({ stockId }) => stockId)
        const found = [...stocks].map(([id, entries]) => ({
          id,
          sku: entries[0]?.sku ?? '',
          locationId: entries[0]?.locationId ?? '',
          sum: entries.reduce((sum, { delta }) => sum + delta, 0),
          lastSeq: Math.max(...entries.map(({ seq }) => seq)),
        }))
        return page(found, after, limit)
      }),
  }
  const locations: LocationRepository = {
    insert: () => Promise.reject(new Error('locations are given')),
    has: (id) => reading(() => memory.locations.some((one) => one.id === id)),
    list: () => reading(() => [...memory.locations]),
  }
  const claims: AdjustmentClaims = {
    claim: (userId, key, request) =>
      reading(() => {
        const id = `adj_${`${userId}_${key}`.padEnd(64, '0')}`
        const known = memory.claims.get(id)
        if (known !== undefined && known !== request) throw IdempotencyKeyReused({ id })
        memory.claims.set(id, request)
        return { id, isKnown: known !== undefined }
      }),
  }
  const products = { hasSku: () => reading(() => true) }
  return { stock, reservations, transfers, policies, ledger, locations, claims, products }
}
