import { Type } from 'typebox'
import {
  Id,
  idempotencyHeaders,
  LocationId,
  OrderId,
  Page,
  pageQuery,
  RestockId,
  Sku,
  Strict,
  Timestamp,
  UserId,
} from './common.ts'
import { defineEvent } from './event.ts'
import { defineRoute } from './route.ts'

export const TransferId = Id('trf')

/** Whether a SKU may be ordered that is not there: never, up to a limit, or up to a limit until the day it comes out. */
export const StockPolicy = Type.Enum(['deny', 'backorder', 'preorder'])
export type StockPolicy = Type.Static<typeof StockPolicy>

const Units = Type.Integer({ minimum: 1, maximum: 1_000_000_000 })
const UnitsOrNone = Type.Integer({ minimum: 0, maximum: 1_000_000_000 })

const StockPolicyOfSku = Type.Object({
  sku: Sku,
  policy: StockPolicy,
  limit: Type.Optional(Type.Integer({ description: 'units that may wait over all orders' })),
  locationId: Type.Optional(LocationId),
  availableAt: Type.Optional(Timestamp),
})

export const setStockPolicyRoute = defineRoute('inventory', 'PUT', '/v1/stock/policies/:sku', 'stock:write', {
  summary: 'Says whether a SKU may be ordered that is not there',
  description:
    '`backorder` needs a `limit`, `preorder` a `limit` and `availableAt`; `deny` takes neither. What waits is served where `locationId` says, by default the first location.',
  params: Strict({ sku: Sku }),
  audited: ['policy', 'limit', 'locationId'],
  body: Strict({
    policy: StockPolicy,
    limit: Type.Optional(Units),
    locationId: Type.Optional(LocationId),
    availableAt: Type.Optional(Type.String({ format: 'date-time', maxLength: 40 })),
  }),
  response: { 200: StockPolicyOfSku },
})

export const setStockThresholdRoute = defineRoute('inventory', 'PUT', '/v1/stock/thresholds', 'stock:write', {
  summary: 'Says below which number of available units operators are told; 0 for never',
  audited: ['sku', 'locationId', 'threshold'],
  body: Strict({ sku: Sku, locationId: LocationId, threshold: UnitsOrNone }),
  response: { 200: Type.Object({ sku: Sku, locationId: LocationId, threshold: Type.Integer() }) },
})

export const countStockRoute = defineRoute('inventory', 'POST', '/v1/stock/counts', 'stock:write', {
  summary: 'Sets what is on hand to what was counted, and records the difference',
  description:
    'What is held counts as on hand. With `onHandWhenCounted`, what was on hand when the counting began, sales and deliveries since then are no difference.',
  headers: idempotencyHeaders,
  audited: ['sku', 'locationId', 'counted'],
  body: Strict({
    sku: Sku,
    locationId: LocationId,
    counted: UnitsOrNone,
    onHandWhenCounted: Type.Optional(UnitsOrNone),
  }),
  response: {
    201: Type.Object({
      sku: Sku,
      locationId: LocationId,
      difference: Type.Integer(),
      onHand: Type.Integer(),
      available: Type.Integer(),
    }),
  },
})

const TransferOrder = { sku: Sku, fromLocationId: LocationId, toLocationId: LocationId, quantity: Units }

export const transferStockRoute = defineRoute('inventory', 'POST', '/v1/stock/transfers', 'stock:write', {
  summary: 'Moves available units from one location to another',
  headers: idempotencyHeaders,
  audited: ['sku', 'quantity', 'fromLocationId', 'toLocationId'],
  body: Strict(TransferOrder),
  response: {
    201: Type.Object({
      id: TransferId,
      ...TransferOrder,
      status: Type.Enum(['started', 'taken', 'done', 'refused']),
      createdAt: Timestamp,
    }),
  },
})

export const MovementKind = Type.Enum(['adjustment', 'count', 'sale', 'restock', 'transfer'])

export const StockMovement = Type.Object({
  id: Type.String(),
  sku: Sku,
  locationId: LocationId,
  seq: Type.Integer({ description: 'counts the movements of one SKU at one location' }),
  kind: MovementKind,
  delta: Type.Integer(),
  balance: Type.Integer({ description: 'on hand afterwards' }),
  available: Type.Integer({ description: 'available afterwards' }),
  reason: Type.String(),
  orderId: Type.Optional(OrderId),
  userId: Type.Optional(UserId),
  at: Timestamp,
})

export const listMovementsRoute = defineRoute('inventory', 'GET', '/v1/stock/movements', 'stock:read', {
  summary: 'What changed what is on hand, newest first; a movement shows within seconds',
  querystring: Strict({
    ...pageQuery,
    sku: Type.Optional(Sku),
    locationId: Type.Optional(LocationId),
    orderId: Type.Optional(OrderId),
  }),
  response: { 200: Page(StockMovement) },
})

const Finding = Type.Object({
  stockId: Type.String(),
  problem: Type.Enum([
    'does_not_add_up',
    'negative',
    'movements_differ',
    'stock_missing',
    'leaked_hold',
    'hold_missing',
    'transfer_stuck',
  ]),
  message: Type.String(),
  documents: Type.Array(Type.Unknown(), { description: 'what shows it' }),
})

export const checkStockRoute = defineRoute('inventory', 'GET', '/v1/stock/consistency', 'stock:read', {
  summary: 'Checks stock against its holds, reservations and movements, page by page, while everything runs',
  querystring: Strict(pageQuery),
  response: {
    200: Type.Object({
      checked: Type.Integer(),
      violations: Type.Array(Finding),
      nextCursor: Type.Union([Type.String(), Type.Null()]),
    }),
  },
})

export const repairStockRoute = defineRoute('inventory', 'POST', '/v1/stock/consistency', 'stock:write', {
  summary:
    'Rebuilds stock from its movements and reservations, or releases leaked holds, page by page, while everything runs',
  audited: ['action', 'dryRun'],
  body: Strict({
    action: Type.Enum(['rebuild', 'release-leaked-holds']),
    dryRun: Type.Optional(Type.Boolean()),
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: 100 })),
    cursor: Type.Optional(Type.String({ minLength: 1, maxLength: 512, pattern: '^[A-Za-z0-9_-]+$' })),
  }),
  response: {
    200: Type.Object({
      checked: Type.Integer(),
      repaired: Type.Array(Type.Object({ stockId: Type.String(), before: Type.Unknown(), after: Type.Unknown() })),
      notes: Type.Array(Type.Object({ stockId: Type.String(), message: Type.String() }), {
        description: 'what could not be known again, and what people must decide',
      }),
      nextCursor: Type.Union([Type.String(), Type.Null()]),
    }),
  },
})

export const stockRoutes = [
  setStockPolicyRoute,
  setStockThresholdRoute,
  countStockRoute,
  transferStockRoute,
  listMovementsRoute,
  checkStockRoute,
  repairStockRoute,
]

const Place = { sku: Sku, locationId: LocationId }

/** What is available fell to the threshold or below. Published once each time it does, not with every sale. */
export const StockLowV1 = defineEvent(
  'inventory.stock.low.v1',
  Type.Object({ ...Place, available: Type.Integer(), threshold: Type.Integer() }),
)
/** The last available unit went. */
export const StockDepletedV1 = defineEvent('inventory.stock.depleted.v1', Type.Object(Place))
/** Units have arrived at another location. */
export const StockTransferredV1 = defineEvent(
  'inventory.stock.transferred.v1',
  Type.Object({ transferId: TransferId, ...TransferOrder }),
)

/** Units that an order gave back are on the shelf, or were too many to be that order's: then `taken` says how many were. */
export const StockRestockedV1 = defineEvent(
  'inventory.stock.restocked.v1',
  Type.Object({
    orderId: OrderId,
    restockId: RestockId,
    lines: Type.Array(Type.Object({ sku: Sku, quantity: Type.Integer(), taken: Type.Integer() })),
  }),
)
