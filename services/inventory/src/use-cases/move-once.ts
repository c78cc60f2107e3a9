import type { Decision } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import type { Movement, Stock } from '../domain/stock.ts'
import type { MovementLedger } from '../store/movement-ledger.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { upsertStock } from './upsert-stock.ts'

export const TookTooLong = defineError(
  'INVENTORY_TOOK_TOO_LONG',
  'unavailable',
  'The change could not be made in time. Try again in a moment.',
)

interface Place {
  readonly sku: string
  readonly locationId: string
}

export type Moved = Pick<Movement, 'id' | 'delta' | 'balance' | 'available'>

/**
 * Makes a change of what is on hand that carries an id, unless it was made before, however long ago. `decide` returns
 * `unchanged` when the stock itself remembers it. Answers with the movement, and whether it stood there already.
 */
export type MoveOnce = (
  /** One of these it leaves behind. */
  movementIds: readonly string[],
  place: Place,
  decide: (before: Stock) => Decision<Stock>,
  /** Nobody can have made it before: the ledger need not be asked. */
  isNew?: boolean,
) => Promise<{ readonly movement: Moved | undefined; readonly isRepeated: boolean }>

interface Ports {
  readonly stock: StockRepository
  readonly ledger: MovementLedger
  readonly now: () => Date
}

/** Less than a movement stays in its document after the ledger has it. So one of the two is sure to know it. */
const decideWithinMs = 5 * 60 * 1000

export const makeMoveOnce =
  ({ stock, ledger, now }: Ports): MoveOnce =>
  async (movementIds, { sku, locationId }, decide, isNew = false) => {
    const askedAt = now()
    const earlier = isNew ? null : await ledger.findAny(movementIds)
    if (earlier !== null) return { movement: earlier, isRepeated: true }
    let isRepeated = false
    const saved = await upsertStock({ stock, ledger }, sku, locationId, (before) => {
      // A process that was paused here for long must not trust what the ledger said before.
      if (Math.abs(now().getTime() - askedAt.getTime()) > decideWithinMs) throw TookTooLong({ movementIds })
      const decision = decide(before)
      isRepeated = decision.kind === 'unchanged'
      return decision
    })
    return { movement: saved?.movements.find(({ id }) => movementIds.includes(id)), isRepeated }
  }
