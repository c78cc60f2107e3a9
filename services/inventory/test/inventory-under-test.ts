import { isUnavailable } from '@tradewind/database/connection'
import { openDatabase } from '@tradewind/database/open-database'
import { openMessaging } from '@tradewind/messaging/open-messaging'
import { loadConfig } from '@tradewind/service-kit/config'
import { newId } from '@tradewind/service-kit/ids'
import { inAnHour, type RunningService, runInTest } from '@tradewind/service-testkit/running-service'
import { createInventory, type InventoryPorts } from '../src/app.ts'
import { settings } from '../src/config.ts'
import type { AllocationStrategy } from '../src/domain/allocation.ts'
import { createAdjustmentClaims } from '../src/store/adjustment-claims.ts'
import { createImageRepository } from '../src/store/image.repository.ts'
import { createJobRepository } from '../src/store/job.repository.ts'
import { createJobErrors } from '../src/store/job-errors.ts'
import { createJobFiles } from '../src/store/job-files.ts'
import { createLocationRepository } from '../src/store/location.repository.ts'
import { migrations } from '../src/store/migrations.ts'
import { createMovementLedger } from '../src/store/movement-ledger.ts'
import { createProductRepository } from '../src/store/product.repository.ts'
import { createReservationRepository } from '../src/store/reservation.repository.ts'
import { createStockRepository } from '../src/store/stock.repository.ts'
import { createStockPolicyRepository } from '../src/store/stock-policy.repository.ts'
import { createTransferRepository } from '../src/store/transfer.repository.ts'

export interface InventoryUnderTest extends RunningService {
  readonly app: ReturnType<typeof createInventory>
  readonly ports: InventoryPorts
  readonly clock: { now: Date }
}

interface Options {
  readonly mongodbUrl: string
  readonly natsUrl: string
  readonly database: string
  readonly clock?: { now: Date }
  readonly strategy?: AllocationStrategy
  /** Puts something of a test's own between the use cases and their stores. */
  readonly wrap?: (ports: InventoryPorts) => InventoryPorts
}

export const holdMs = 15 * 60_000

/** Inventory as main.ts wires it; its sweepers run when the test says so. */
export async function startInventory(options: Options): Promise<InventoryUnderTest> {
  const {
    mongodbUrl,
    natsUrl,
    database,
    clock = { now: inAnHour() },
    wrap = (ports) => ports,
    strategy = 'priority',
  } = options
  const config = loadConfig(settings, {
    MONGODB_URL: mongodbUrl,
    MONGODB_DATABASE: database,
    NATS_URL: natsUrl,
    JWKS_URL: 'http://auth.test/.well-known/jwks.json',
  })
  const wired: { app?: ReturnType<typeof createInventory>; ports?: InventoryPorts } = {}
  const running = await runInTest('inventory', config, async (context) => {
    const { db, ping } = await openDatabase(context, 'inventory', migrations)
    const messaging = await openMessaging(context, 'inventory', { isTransient: isUnavailable, ping })
    const now = () => clock.now
    const products = createProductRepository(db, now)
    const stock = createStockRepository(db, now)
    const reservations = createReservationRepository(db, now)
    const transfers = createTransferRepository(db, now)
    const jobs = createJobRepository(db, now)
    const ports = wrap({
      products,
      images: createImageRepository(db),
      stock,
      reservations,
      policies: createStockPolicyRepository(db, now),
      transfers,
      locations: createLocationRepository(db),
      jobs,
      jobErrors: createJobErrors(db),
      jobFiles: createJobFiles(db, now),
      ledger: createMovementLedger(db),
      claims: createAdjustmentClaims(db, now),
      now,
      newId,
      holdMs,
      strategy,
    })
    const app = createInventory(ports)
    const relay = messaging.relay(products.outbox, stock.outbox, reservations.outbox, transfers.outbox)
    messaging.subscribe({ from: 'orders', name: 'orders', filter: 'orders.order.>', handlers: app.onOrders })
    messaging.subscribe({ from: 'orders', name: 'units', filter: 'orders.units.>', handlers: app.onUnits })
    Object.assign(wired, { app, ports })
    return {
      db,
      parts: { routes: app.routes },
      inFlight: relay.inFlight,
      consumers: [
        ['orders', 'inventory-orders'],
        ['orders', 'inventory-units'],
      ],
    }
  })
  const { app, ports } = wired
  if (app === undefined || ports === undefined) throw new Error('inventory was not wired')
  return { ...running, app, ports, clock }
}
