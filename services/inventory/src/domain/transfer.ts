import { defineError } from '@tradewind/service-kit/errors'
import { hasMovement, moved, type Stock, served } from './stock.ts'

/**
 * Units on their way from one location to another: started → taken → done, or started → refused. Written before any stock
 * follows it. What was taken and has not arrived is in here and on no shelf.
 */
export interface Transfer {
  readonly id: string
  readonly sku: string
  readonly fromLocationId: string
  readonly toLocationId: string
  readonly quantity: number
  readonly userId: string
  readonly status: 'started' | 'taken' | 'done' | 'refused'
  /** When the sweeper carries on with it; missing at the ends. */
  readonly dueAt?: Date
}

export const SameLocation = defineError(
  'INVENTORY_SAME_LOCATION',
  'unprocessable',
  'A transfer goes from one location to another.',
)

/** How long a transfer may stay undone before the sweeper carries on with it. */
const stepTimeoutMs = 30_000

export const startTransfer = (order: Omit<Transfer, 'status' | 'dueAt'>, now: Date): Transfer => ({
  ...order,
  status: 'started',
  dueAt: new Date(now.getTime() + stepTimeoutMs),
})

export const outId = (transferId: string): string => `${transferId}/out`
export const refusedId = (transferId: string): string => `${transferId}/refused`
export const inId = (transferId: string): string => `${transferId}/in`

/**
 * Takes the units off the shelf, once. Where there are not enough, a movement of nothing says so, and nobody who carries
 * on later takes them after all. Returns the same object when either was done.
 */
export function takeForTransfer(stock: Stock, { id, quantity, userId }: Transfer, now: Date): Stock {
  if (hasMovement(stock, outId(id)) || hasMovement(stock, refusedId(id))) return stock
  const movement = { kind: 'transfer', at: now, userId } as const
  if (stock.available < quantity) {
    return moved(stock, 0, { ...movement, id: refusedId(id), delta: 0, reason: 'transfer refused' })
  }
  return moved(stock, -quantity, { ...movement, id: outId(id), delta: -quantity, reason: 'transfer' })
}

/** Puts the units on the other shelf, once. Returns the same object when that was done. */
export function putFromTransfer(stock: Stock, { id, quantity, userId }: Transfer, now: Date): Stock {
  if (hasMovement(stock, inId(id))) return stock
  const arrival = { id: inId(id), kind: 'transfer', delta: quantity, reason: 'transfer', at: now, userId } as const
  return served(moved(stock, quantity, arrival), now)
}

/** What the first shelf decided. */
export function noteTaken(transfer: Transfer, wasRefused: boolean): Transfer {
  if (transfer.status !== 'started') return transfer
  return wasRefused ? ended(transfer, 'refused') : { ...transfer, status: 'taken' }
}

export const finishTransfer = (transfer: Transfer): Transfer =>
  transfer.status === 'taken' ? ended(transfer, 'done') : transfer

function ended({ dueAt: _dueAt, ...transfer }: Transfer, status: 'done' | 'refused'): Transfer {
  return { ...transfer, status }
}
