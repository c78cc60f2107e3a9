import { changed, unchanged } from '@tradewind/database/decision'
import { markArchived } from '../domain/stock.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { StockRepository } from '../store/stock.repository.ts'

export type ArchiveMovements = () => Promise<number>

interface Ports {
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly now: () => Date
}

const batch = 100
/** Copies movements to the ledger and notes it. Any replica may run it, also at once. */
export const makeArchiveMovements =
  ({ stock, ledger, now }: Ports): ArchiveMovements =>
  async () => {
    const found = await stock.withMovementsBefore(now(), batch)
    await Promise.all(
      found.map(async (one) => {
        const movements = one.movements.filter(({ archived }) => archived !== true)
        await ledger.append(one, movements)
        const archived = new Set(movements.map(({ id }) => id))
        await stock.update(one.id, (before) => {
          const after = markArchived(before, archived)
          return after === before ? unchanged() : changed(after)
        })
      }),
    )
    return found.length
  }
