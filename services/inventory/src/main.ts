import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openOperatorLog, operatorLogMigration } from '@tradewind/database/operator-log'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { every, sweepAtRestMs } from '@tradewind/service-kit/every'
import { newId } from '@tradewind/service-kit/ids'
import { runService } from '@tradewind/service-kit/service'
import { createInventory } from './app.ts'
import { loadInventoryConfig } from './config.ts'
import { createAdjustmentClaims } from './store/adjustment-claims.ts'
import { createImageRepository } from './store/image.repository.ts'
import { createJobRepository } from './store/job.repository.ts'
import { createJobErrors } from './store/job-errors.ts'
import { createJobFiles } from './store/job-files.ts'
import { createLocationRepository } from './store/location.repository.ts'
import { migrations } from './store/migrations.ts'
import { createMovementLedger } from './store/movement-ledger.ts'
import { createProductRepository } from './store/product.repository.ts'
import { createReservationRepository } from './store/reservation.repository.ts'
import { createStockRepository } from './store/stock.repository.ts'
import { createStockPolicyRepository } from './store/stock-policy.repository.ts'
import { createTransferRepository } from './store/transfer.repository.ts'

/** Enough for four replicas to decide some five hundred orders for the same product together; more only collide more often. */
const maxOrdersUnderWay = 2048

await runService('inventory', loadInventoryConfig, async (context) => {
  const { db, ping } = await openDatabase(context, 'inventory', [...migrations, operatorLogMigration])
  const messaging = await openMessaging(context, 'inventory', { isTransient: isUnavailable, ping })
  const now = () => new Date()
  const operatorLog = openOperatorLog(context, db, 'inventory')
  const products = createProductRepository(db, now)
  const conflicts = context.metrics.counter({
    name: 'stock_conflicting_writes_total',
    help: 'Writes of stock that another replica forestalled and that were decided again',
  })
  const stock = createStockRepository(db, now, (writes) => conflicts.inc(writes))
  const reservations = createReservationRepository(db, now)
  const transfers = createTransferRepository(db, now)
  const jobs = createJobRepository(db, now)
  const inventory = createInventory({
    products,
    images: createImageRepository(db),
    stock,
    reservations,
    policies: createStockPolicyRepository(db, now),
    transfers,
    locations: createLocationRepository(db),
    jobs: {
      ...jobs,
      insert: async (job) => {
        const queued = await jobs.insert(job)
        carryOutJobs()
        return queued
      },
    },
    jobErrors: createJobErrors(db),
    jobFiles: createJobFiles(db, now),
    ledger: createMovementLedger(db),
    claims: createAdjustmentClaims(db, now),
    now,
    newId,
    holdMs: context.config.HOLD_MINUTES * 60_000,
    strategy: context.config.ALLOCATION_STRATEGY,
  })
  messaging.relay(operatorLog.outbox, products.outbox, stock.outbox, reservations.outbox, transfers.outbox)
  messaging.subscribe({
    from: 'orders',
    name: 'orders',
    filter: 'orders.order.>',
    handlers: inventory.onOrders,
    maxUnderWay: maxOrdersUnderWay,
  })
  messaging.subscribe({ from: 'orders', name: 'units', filter: 'orders.units.>', handlers: inventory.onUnits })
  every(context, 'reservation sweeper', 1000, inventory.sweepReservations, sweepAtRestMs)
  every(context, 'transfer sweeper', 1000, inventory.sweepTransfers, sweepAtRestMs)
  every(context, 'leaked hold sweeper', 5000, inventory.sweepLeakedHolds)
  every(context, 'movement archive', 1000, inventory.archiveMovements, sweepAtRestMs)
  const carryOutJobs = every(context, 'job worker', 1000, inventory.jobs.run, sweepAtRestMs)
  // Asked before the worker is waited for: the job under way stops at its next batch and another replica carries on.
  context.onShutdown('jobs', inventory.jobs.stop)
  every(context, 'job sweeper', 3600_000, inventory.jobs.sweep)
  every(context, 'image sweeper', 3600_000, inventory.sweepImages)
  return { routes: inventory.routes, operatorLog, isUnavailable }
})
