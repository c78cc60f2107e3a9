import { changed, unchanged } from '@tradewind/database/decision'
import { markArchived, type Stock } from '../domain/stock.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { StockRepository } from '../store/stock.repository.ts'

export type ArchiveMovements = () => Promise<number>

interface Ports {
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly now: () => Date
}

const batch = 100
/** Batches of one run. */
const maxBatches = 20

/** Copies movements to the ledger and notes it. Any replica may run it, also at once. */
export const makeArchiveMovements = ({ stock, ledger, now }: Ports): ArchiveMovements => {
  async function archive(found: readonly Stock[]): Promise<void> {
    const missing = found.map((one) => ({
      ...one,
      movements: one.movements.filter(({ archived }) => archived !== true),
    }))
    await ledger.append(missing)
    await Promise.all(missing.map(markAsArchived))
  }

  async function markAsArchived({ id, movements }: Stock): Promise<void> {
    const archived = new Set(movements.map((movement) => movement.id))
    await stock.update(id, (before) => {
      const after = markArchived(before, archived, now())
      return after === before ? unchanged() : changed(after)
    })
  }

  return async () => {
    const before = now()
    let count = 0
    for (let batches = 1; batches <= maxBatches; batches += 1) {
      const found = await stock.withMovementsBefore(before, batch)
      await archive(found)
      count += found.length
      if (found.length < batch) break
    }
    return count
  }
}
