import { StockTransferredV1 } from '@tradewind/contracts/inventory'
import { DuplicateKey, type Stored } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import { NotEnoughStock, stockId } from '../domain/stock.ts'
import {
  finishTransfer,
  inId,
  noteTaken,
  outId,
  putFromTransfer,
  refusedId,
  SameLocation,
  startTransfer,
  type Transfer,
  takeForTransfer,
} from '../domain/transfer.ts'
import type { AdjustmentClaims } from '../store/adjustment-claims.ts'
import type { LocationRepository } from '../store/location.repository.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import type { TransferRepository } from '../store/transfer.repository.ts'
import { changedStock } from './change-stock.ts'
import { requireKnown } from './known-place.ts'
import type { MoveOnce } from './move-once.ts'

export interface TransferStockCommand {
  readonly sku: string
  readonly fromLocationId: string
  readonly toLocationId: string
  readonly quantity: number
  readonly userId: string
  readonly idempotencyKey: string
}

/** Moves available units to another location, once per caller and idempotency key. Throws `NotEnoughStock`. */
export type TransferStock = (
  command: TransferStockCommand,
) => Promise<{ transfer: Transfer & Stored; replayed: boolean }>

interface Ports {
  readonly transfers: TransferRepository
  readonly stock: StockRepository
  readonly moveOnce: MoveOnce
  readonly locations: LocationRepository
  readonly products: Pick<ProductRepository, 'hasSku'>
  readonly claims: AdjustmentClaims
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeTransferStock = (ports: Ports): TransferStock => {
  const { transfers, stock, claims, now } = ports
  const carryOut = makeCarryOutTransfer(ports)

  /** The transfer as it stands: new, or as an earlier attempt left it. */
  async function begin(transfer: Transfer): Promise<{ found: Transfer & Stored; isNew: boolean }> {
    try {
      return { found: await transfers.insert(transfer), isNew: true }
    } catch (error) {
      if (!DuplicateKey.is(error)) throw error
      return { found: await transfers.update(transfer.id, () => unchanged()), isNew: false }
    }
  }

  return async ({ idempotencyKey, userId, ...order }) => {
    const { sku, fromLocationId, toLocationId, quantity } = order
    if (fromLocationId === toLocationId) throw SameLocation({ fromLocationId })
    await requireKnown(ports, sku, fromLocationId, toLocationId)
    const request = JSON.stringify(['transfer', sku, fromLocationId, toLocationId, quantity])
    const claim = await claims.claim(userId, idempotencyKey, request)
    const id = claim.id.replace(/^adj_(.{32}).*$/, 'trf_$1')
    if (!claim.isKnown) {
      // What cannot be taken is not begun. Somebody may still be faster: the shelf itself decides.
      const shelf = await stock.find(stockId(sku, fromLocationId))
      if (shelf === undefined || shelf.available < quantity) throw NotEnoughStock({ sku, fromLocationId, quantity })
    }
    const { found, isNew } = await begin(startTransfer({ id, ...order, userId }, now()))
    const isDone = found.status === 'done'
    const transfer = await carryOut(found)
    if (transfer.status === 'refused') throw NotEnoughStock({ sku, fromLocationId, quantity })
    return { transfer, replayed: !isNew && isDone }
  }
}

export type CarryOutTransfer = (transfer: Transfer & Stored) => Promise<Transfer & Stored>

/** Carries a written transfer on to its end. Whoever does it, and however often, each shelf moves once. */
export const makeCarryOutTransfer = (ports: Ports): CarryOutTransfer => {
  const { transfers, moveOnce, now, newId } = ports

  /** The first shelf decides, in one write, whether the units are taken. */
  async function take(transfer: Transfer): Promise<Transfer & Stored> {
    const { id, sku, fromLocationId } = transfer
    const place = { sku, locationId: fromLocationId }
    const { movement } = await moveOnce([outId(id), refusedId(id)], place, (before) =>
      changedStock(newId, before, takeForTransfer(before, transfer, now())),
    )
    return transfers.update(id, (before) => {
      const after = noteTaken(before, movement?.id !== outId(id))
      return after === before ? unchanged() : changed(after)
    })
  }

  async function put(transfer: Transfer): Promise<Transfer & Stored> {
    const { id, sku, fromLocationId, toLocationId, quantity } = transfer
    await moveOnce([inId(id)], { sku, locationId: toLocationId }, (before) =>
      changedStock(newId, before, putFromTransfer(before, transfer, now())),
    )
    return transfers.update(id, (before) => {
      const after = finishTransfer(before)
      if (after === before) return unchanged()
      const event = { transferId: id, sku, fromLocationId, toLocationId, quantity }
      return changed(after, StockTransferredV1.create(newId('evt'), event))
    })
  }

  return async (transfer) => {
    const afterTaking = transfer.status === 'started' ? await take(transfer) : transfer
    return afterTaking.status === 'taken' ? await put(afterTaking) : afterTaking
  }
}

/** Carries on with transfers that a crash left half done. Any replica may run it, also at once. */
export const makeSweepTransfers =
  ({ transfers, now }: Ports, carryOut: CarryOutTransfer) =>
  async (): Promise<number> => {
    const due = await transfers.dueBefore(now(), sweepBatch)
    for (const id of due) await carryOut(await transfers.update(id, () => unchanged()))
    return due.length
  }

const sweepBatch = 100
