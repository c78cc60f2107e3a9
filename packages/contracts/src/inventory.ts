import { Type } from 'typebox'
import { idempotencyHeaders, Line, LocationId, OrderId, Page, pageQuery, Sku, Strict, Timestamp } from './common.ts'
import { defineEvent } from './event.ts'
import { defineRoute } from './route.ts'
import { StockPolicy, stockRoutes } from './stock.ts'

export * from './stock.ts'

export const Location = Type.Object({
  id: LocationId,
  name: Type.String(),
  priority: Type.Integer({ description: 'stock is taken from the lowest number first' }),
})

export const availabilityRoute = defineRoute('inventory', 'GET', '/v1/availability', 'public', {
  summary: 'How many units of each SKU can be ordered now; a SKU nobody knows has none',
  querystring: Strict({ sku: Type.Union([Sku, Type.Array(Sku, { minItems: 1, maxItems: 100 })]) }),
  response: {
    200: Type.Object({
      items: Type.Array(
        Type.Object({
          sku: Sku,
          available: Type.Integer(),
          policy: StockPolicy,
          backorderable: Type.Optional(
            Type.Integer({ description: 'units that can be ordered beyond what is available' }),
          ),
          availableAt: Type.Optional(Timestamp),
        }),
      ),
    }),
  },
})

export const listLocationsRoute = defineRoute('inventory', 'GET', '/v1/locations', 'public', {
  summary: 'The places that hold stock, in the order they are taken from',
  response: { 200: Type.Object({ items: Type.Array(Location) }) },
})

export const createLocationRoute = defineRoute('inventory', 'POST', '/v1/locations', 'stock:write', {
  summary: 'Adds a place that holds stock',
  audited: ['id', 'priority'],
  body: Strict({
    id: LocationId,
    name: Type.String({ minLength: 1, maxLength: 120 }),
    priority: Type.Integer({ minimum: 0, maximum: 1000 }),
  }),
  response: { 201: Location },
})

/** A code of the shop's own; usual are `received`, `counted`, `damaged`, `lost`, `found`, `returned` and `correction`. */
export const AdjustmentReason = Line(64)

export const StockLevel = Type.Object({
  sku: Sku,
  locationId: LocationId,
  onHand: Type.Integer(),
  available: Type.Integer(),
})

export const adjustStockRoute = defineRoute('inventory', 'POST', '/v1/stock/adjustments', 'stock:write', {
  summary: 'Adds to or takes from the stock of a SKU at a location, with a reason',
  headers: idempotencyHeaders,
  audited: ['sku', 'locationId', 'delta', 'reason'],
  body: Strict({
    sku: Sku,
    locationId: LocationId,
    delta: Type.Union([
      Type.Integer({ minimum: 1, maximum: 1_000_000_000 }),
      Type.Integer({ minimum: -1_000_000_000, maximum: -1 }),
    ]),
    reason: AdjustmentReason,
  }),
  response: { 201: StockLevel },
})

export const listStockRoute = defineRoute('inventory', 'GET', '/v1/stock', 'stock:read', {
  summary: 'Stock by SKU and location, page by page: on hand, available, held, waited for',
  querystring: Strict({ ...pageQuery, sku: Type.Optional(Sku), locationId: Type.Optional(LocationId) }),
  response: {
    200: Page(
      Type.Object({
        ...StockLevel.properties,
        held: Type.Integer(),
        backordered: Type.Integer({ description: 'units that orders wait for' }),
        threshold: Type.Optional(Type.Integer({ description: 'operators are told when so few are available' })),
      }),
    ),
  },
})

export const ReservationStatus = Type.Enum([
  'holding',
  'held',
  'rejected',
  'committing',
  'committed',
  'releasing',
  'released',
  'expired',
])
export type ReservationStatus = Type.Static<typeof ReservationStatus>

const Allocation = Type.Object({
  sku: Sku,
  locationId: LocationId,
  quantity: Type.Integer({ minimum: 1 }),
  backordered: Type.Optional(Type.Integer({ description: 'how many of them had to wait for units to come' })),
})

const Reservation = Type.Object({
  orderId: OrderId,
  status: ReservationStatus,
  allocations: Type.Array(Allocation),
  expiresAt: Timestamp,
  createdAt: Timestamp,
  updatedAt: Timestamp,
})
const reservationParams = Strict({ orderId: OrderId })

export const getReservationRoute = defineRoute('inventory', 'GET', '/v1/reservations/:orderId', 'stock:read', {
  summary: 'What is held for an order, where, and until when',
  params: reservationParams,
  response: { 200: Reservation },
})

export const extendReservationRoute = defineRoute(
  'inventory',
  'POST',
  '/v1/reservations/:orderId/extend',
  'stock:write',
  {
    summary: 'Holds what is held for so many minutes from now, never shorter than before',
    params: reservationParams,
    audited: ['minutes'],
    body: Strict({ minutes: Type.Integer({ minimum: 1, maximum: 10_080 }) }),
    response: { 200: Reservation },
  },
)

export const releasePartRoute = defineRoute('inventory', 'POST', '/v1/reservations/:orderId/release', 'stock:write', {
  summary: 'Gives a part of what an order holds back to the shelves; all of it releases the reservation',
  params: reservationParams,
  headers: idempotencyHeaders,
  body: Strict({
    lines: Type.Array(Strict({ sku: Sku, quantity: Type.Integer({ minimum: 1, maximum: 1_000_000 }) }), {
      minItems: 1,
      maxItems: 100,
    }),
  }),
  response: { 200: Reservation },
})

export const inventoryRoutes = [
  availabilityRoute,
  listLocationsRoute,
  createLocationRoute,
  adjustStockRoute,
  listStockRoute,
  ...stockRoutes,
  getReservationRoute,
  extendReservationRoute,
  releasePartRoute,
]

/** Every line of the order is held until `expiresAt`. */
export const ReservationHeldV1 = defineEvent(
  'inventory.reservation.held.v1',
  Type.Object({ orderId: OrderId, expiresAt: Timestamp, allocations: Type.Array(Allocation) }),
)
/** Not every line could be held, so nothing is. */
export const ReservationRejectedV1 = defineEvent(
  'inventory.reservation.rejected.v1',
  Type.Object({
    orderId: OrderId,
    reason: Type.Enum(['out_of_stock']),
    unavailable: Type.Array(Type.Object({ sku: Sku, requested: Type.Integer(), available: Type.Integer() })),
  }),
)
/** The held units have left the stock for good. */
export const ReservationCommittedV1 = defineEvent(
  'inventory.reservation.committed.v1',
  Type.Object({ orderId: OrderId, allocations: Type.Array(Allocation) }),
)
/** Nothing is held or committed for the order any more; what was committed is back in stock. */
export const ReservationReleasedV1 = defineEvent(
  'inventory.reservation.released.v1',
  Type.Object({ orderId: OrderId, restocked: Type.Boolean() }),
)
/** The hold ran out before it was committed. */
export const ReservationExpiredV1 = defineEvent('inventory.reservation.expired.v1', Type.Object({ orderId: OrderId }))

/** An operator changed what is on hand. */
export const StockAdjustedV1 = defineEvent(
  'inventory.stock.adjusted.v1',
  Type.Object({
    sku: Sku,
    locationId: LocationId,
    delta: Type.Integer(),
    reason: AdjustmentReason,
    onHand: Type.Integer(),
    available: Type.Integer(),
  }),
)
