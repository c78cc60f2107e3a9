import type { EventHandler } from '@tradewind/messaging/consumer'
import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { type CataloguePorts, createCatalogue } from './catalogue-app.ts'
import type { AllocationStrategy } from './domain/allocation.ts'
import { onOrderAuthorized } from './events/on-order-authorized.ts'
import { onOrderPlaced } from './events/on-order-placed.ts'
import { onOrderStopped } from './events/on-order-stopped.ts'
import { onUnitsReturned } from './events/on-units-returned.ts'
import { getAvailability } from './http/availability.route.ts'
import { postCount } from './http/counts.route.ts'
import { createLocation, listLocations } from './http/locations.route.ts'
import { listMovements } from './http/movements.route.ts'
import { getReservation, postExtension, postPartialRelease } from './http/reservations.route.ts'
import { listStock, postAdjustment, putThreshold } from './http/stock.route.ts'
import { getStockConsistency, postStockConsistency } from './http/stock-consistency.route.ts'
import { putStockPolicy } from './http/stock-policy.route.ts'
import { postTransfer } from './http/transfers.route.ts'
import { createJobs, type JobPorts } from './jobs-app.ts'
import type { AdjustmentClaims } from './store/adjustment-claims.ts'
import type { LocationRepository } from './store/location.repository.ts'
import type { MovementLedger } from './store/movement-ledger.ts'
import type { ReservationRepository } from './store/reservation.repository.ts'
import type { StockPolicyRepository } from './store/stock-policy.repository.ts'
import type { TransferRepository } from './store/transfer.repository.ts'
import { makeAdjustStock } from './use-cases/adjust-stock.ts'
import { makeArchiveMovements } from './use-cases/archive-movements.ts'
import { makeCheckStock } from './use-cases/check-stock.ts'
import { makeCommitReservation } from './use-cases/commit-reservation.ts'
import { makeCountStock } from './use-cases/count-stock.ts'
import { makeExtendReservation } from './use-cases/extend-reservation.ts'
import { makeFindShelves } from './use-cases/find-shelves.ts'
import { makeFollowPlan } from './use-cases/follow-plan.ts'
import { makeMoveOnce } from './use-cases/move-once.ts'
import { makeReadAvailability } from './use-cases/read-availability.ts'
import { makeRebuildStock } from './use-cases/rebuild-stock.ts'
import { makeReleasePart } from './use-cases/release-part.ts'
import { makeCarryOutRelease, makeReleaseReservation } from './use-cases/release-reservation.ts'
import { makeReleaseLeakedHolds, makeSweepLeakedHolds } from './use-cases/repair-stock.ts'
import { makeReserveStock } from './use-cases/reserve-stock.ts'
import { makeCarryOutRestocks, makeReturnUnits } from './use-cases/return-units.ts'
import { makeSetStockPolicy } from './use-cases/set-stock-policy.ts'
import { makeSweepReservations } from './use-cases/sweep-reservations.ts'
import { makeCarryOutTransfer, makeSweepTransfers, makeTransferStock } from './use-cases/transfer-stock.ts'
import { makeWatchStock } from './use-cases/watch-stock.ts'

export interface InventoryPorts extends CataloguePorts, JobPorts {
  readonly reservations: ReservationRepository
  readonly policies: StockPolicyRepository
  readonly transfers: TransferRepository
  readonly locations: LocationRepository
  readonly ledger: MovementLedger
  readonly claims: AdjustmentClaims
  readonly holdMs: number
  readonly strategy: AllocationStrategy
}

/** Wires the service; no I/O happens here. */
export function createInventory(ports: InventoryPorts) {
  const { locations, stock, reservations } = ports
  const catalogue = createCatalogue(ports)
  const jobs = createJobs(ports)
  const commit = makeCommitReservation(ports)
  const followPlan = makeFollowPlan(ports)
  const moving = { ...ports, moveOnce: makeMoveOnce(ports) }
  const carryOutRelease = makeCarryOutRelease(moving)
  const releaseLeakedHolds = makeReleaseLeakedHolds(ports)
  const routes: ImplementedRoute[] = [
    ...catalogue.routes,
    ...jobs.routes,
    getAvailability(makeReadAvailability(ports)),
    listLocations(locations),
    createLocation(locations),
    listStock(stock),
    postAdjustment(makeAdjustStock(moving)),
    postCount(makeCountStock(moving)),
    postTransfer(makeTransferStock(moving)),
    putStockPolicy(makeSetStockPolicy(ports)),
    putThreshold(makeWatchStock(ports)),
    listMovements(ports.ledger),
    getStockConsistency(makeCheckStock(ports)),
    postStockConsistency({ rebuild: makeRebuildStock(ports), 'release-leaked-holds': releaseLeakedHolds }),
    getReservation(reservations),
    postExtension(makeExtendReservation(ports), reservations),
    postPartialRelease(makeReleasePart({ ...ports, followPlan, carryOutRelease }), reservations),
  ]
  const onOrders: EventHandler[] = [
    onOrderPlaced(makeReserveStock({ ...ports, findShelves: makeFindShelves(ports), followPlan })),
    onOrderAuthorized(commit),
    ...onOrderStopped(makeReleaseReservation(moving)),
  ]
  const carryOutRestocks = makeCarryOutRestocks(moving)
  return {
    routes,
    onOrders,
    onUnits: [onUnitsReturned(makeReturnUnits(moving))],
    sweepReservations: makeSweepReservations({ ...ports, commit, carryOutRelease, carryOutRestocks, followPlan }),
    sweepTransfers: makeSweepTransfers(moving, makeCarryOutTransfer(moving)),
    sweepLeakedHolds: makeSweepLeakedHolds(releaseLeakedHolds),
    sweepImages: catalogue.sweepImages,
    jobs,
    archiveMovements: makeArchiveMovements(ports),
  }
}
