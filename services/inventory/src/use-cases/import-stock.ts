import type { ImportedAdjustment, ImportedCount } from '@tradewind/contracts/jobs'
import { type Entry, faultsFor } from '../domain/file-item.ts'
import { LocationNotFound } from '../domain/location.ts'
import { stockId } from '../domain/stock.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { makeAdjustStock } from './adjust-stock.ts'
import { makeCountStock } from './count-stock.ts'
import type { JobHold } from './hold-job.ts'
import { type BatchContext, faultsOfRefusal, type ImportBatch } from './import-batch.ts'
import { makeMoveOnce } from './move-once.ts'
import { SkuNotFound } from './sku-not-found.ts'

type Line = Entry<ImportedCount | ImportedAdjustment>

interface Ports {
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly products: ProductRepository
  readonly locations: LocationRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Counts and adjusts as the routes do; each row leaves a movement that bears the job and the row, so it counts once. */
export const makeImportStock =
  (ports: Ports): ImportBatch<ImportedCount | ImportedAdjustment> =>
  async (lines, context) => {
    const known = await withoutUnknown(ports, lines, context)
    const move = makeMove(ports, context.hold)
    const shelves = Map.groupBy(known, ({ value: { sku, locationId } }) => stockId(sku, locationId))
    await Promise.all(
      [...shelves.values()].map(async (rows) => {
        for (const row of rows) {
          try {
            await move(row)
          } catch (error) {
            await context.refuseForGood(row, faultsOfRefusal(row, error))
          }
        }
      }),
    )
  }

/** Judges rows against the products and locations that there are, and writes nothing. */
export const makeJudgeStock =
  (ports: Pick<Ports, 'products' | 'locations'>): ImportBatch<ImportedCount | ImportedAdjustment> =>
  async (lines, context) => {
    await withoutUnknown(ports, lines, context)
  }

function makeMove(ports: Ports, { job, assertOwn }: JobHold): (line: Line) => Promise<void> {
  const stock: StockRepository = {
    ...ports.stock,
    upsert: (id, decide) =>
      ports.stock.upsert(id, (before) => {
        assertOwn()
        return decide(before)
      }),
  }
  const moving = {
    ...ports,
    moveOnce: makeMoveOnce({ ...ports, stock }),
    // The batch was asked for at once.
    locations: { ...ports.locations, has: async () => true },
    products: { ...ports.products, hasSku: async () => true },
    // The row is the key. Only the first worker of a job can be sure that nobody moved anything for it.
    claims: { claim: async (_userId: string, id: string) => ({ id, isKnown: job.attempt > 1 }) },
  }
  const countStock = makeCountStock(moving)
  const adjustStock = makeAdjustStock(moving)
  return async ({ item, value }) => {
    const command = { userId: job.userId, idempotencyKey: `${job.id}/${item.firstRow}` }
    if ('delta' in value) await adjustStock({ ...value, ...command })
    // Only what was on hand at a known moment can be no difference for good.
    else if (value.counted !== value.onHandWhenCounted) await countStock({ ...value, ...command })
  }
}

async function withoutUnknown(
  { products, locations }: Pick<Ports, 'products' | 'locations'>,
  lines: readonly Line[],
  { refuse }: BatchContext,
): Promise<Line[]> {
  const owners = await products.ownersOf([...new Set(lines.map(({ value }) => value.sku))])
  const places = new Set((await locations.list()).map(({ id }) => id))
  return lines.filter((line) => {
    const { sku, locationId } = line.value
    const faults = [
      ...(owners.has(sku) ? [] : [{ error: SkuNotFound({ sku }), pointer: '/sku' }]),
      ...(places.has(locationId) ? [] : [{ error: LocationNotFound({ locationId }), pointer: '/locationId' }]),
    ].flatMap(({ error: { code, message }, pointer }) =>
      faultsFor(line.item, { code, message, errors: [{ pointer, detail: message }] }),
    )
    if (faults.length > 0) refuse(line, faults)
    return faults.length === 0
  })
}
