import type { EventHandler } from '@tradewind/messaging/consumer'
import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { onOrderAuthorized } from './events/on-order-authorized.ts'
import { onOrderPlaced } from './events/on-order-placed.ts'
import { onOrderStopped } from './events/on-order-stopped.ts'
import { getAvailability } from './http/availability.route.ts'
import { createProduct } from './http/create-product.route.ts'
import { getProduct } from './http/get-product.route.ts'
import { getReservation } from './http/get-reservation.route.ts'
import { listProducts } from './http/list-products.route.ts'
import { createLocation, listLocations } from './http/locations.route.ts'
import { listStock, postAdjustment } from './http/stock.route.ts'
import { updateProduct } from './http/update-product.route.ts'
import type { AdjustmentClaims } from './store/adjustment-claims.ts'
import type { LocationRepository } from './store/location.repository.ts'
import type { MovementLedger } from './store/movement-ledger.ts'
import type { ProductRepository } from './store/product.repository.ts'
import type { ReservationRepository } from './store/reservation.repository.ts'
import type { StockRepository } from './store/stock.repository.ts'
import { makeAdjustStock } from './use-cases/adjust-stock.ts'
import { makeArchiveMovements } from './use-cases/archive-movements.ts'
import { makeBrowseCatalogue } from './use-cases/browse-catalogue.ts'
import { makeCommitReservation } from './use-cases/commit-reservation.ts'
import { makeReadStock } from './use-cases/read-stock.ts'
import { makeCarryOutRelease, makeReleaseReservation } from './use-cases/release-reservation.ts'
import { makeReserveStock } from './use-cases/reserve-stock.ts'
import { makeCreateProduct, makeUpdateProduct } from './use-cases/save-product.ts'
import { makeSweepReservations } from './use-cases/sweep-reservations.ts'

export interface InventoryPorts {
  readonly products: ProductRepository
  readonly stock: StockRepository
  readonly reservations: ReservationRepository
  readonly locations: LocationRepository
  readonly ledger: MovementLedger
  readonly claims: AdjustmentClaims
  readonly now: () => Date
  readonly newId: (prefix: string) => string
  readonly holdMs: number
}

/** Wires the service; no I/O happens here. */
export function createInventory(ports: InventoryPorts) {
  const { locations, stock, reservations } = ports
  const catalogue = makeBrowseCatalogue(ports)
  const commit = makeCommitReservation(ports)
  const routes: ImplementedRoute[] = [
    listProducts(catalogue),
    getProduct(catalogue),
    createProduct(makeCreateProduct(ports), catalogue),
    updateProduct(makeUpdateProduct(ports), catalogue),
    getAvailability(catalogue),
    listLocations(locations),
    createLocation(locations),
    postAdjustment(makeAdjustStock(ports)),
    listStock(makeReadStock(stock)),
    getReservation(reservations),
  ]
  const onOrders: EventHandler[] = [
    onOrderPlaced(makeReserveStock(ports)),
    onOrderAuthorized(commit),
    ...onOrderStopped(makeReleaseReservation(ports)),
  ]
  return {
    routes,
    onOrders,
    sweepReservations: makeSweepReservations({ ...ports, commit, carryOutRelease: makeCarryOutRelease(ports) }),
    archiveMovements: makeArchiveMovements(ports),
  }
}
