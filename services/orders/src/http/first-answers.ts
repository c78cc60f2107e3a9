import type { Edit, Fulfilment, Refund, Return } from '../domain/after-confirmation.ts'

/*
 * What a request was answered with, whatever has become of it since: the first answer to its idempotency key.
 */

export const asCreated = ({ id, lines, createdAt }: Fulfilment): Fulfilment => ({
  id,
  status: 'packing',
  lines,
  createdAt,
})

export const asShipped = (one: Fulfilment): Fulfilment => {
  const { deliveredAt: _arrived, capture, ...sent } = one
  if (capture === undefined) return { ...sent, status: 'shipped' }
  const { failure: _failure, ...asked } = capture
  return { ...sent, status: 'shipped', capture: asked }
}

export const asRequested = ({ id, lines, reason, requestedAt }: Return): Return => ({
  id,
  status: 'requested',
  lines: lines.map(({ lineId, sku, quantity }) => ({ lineId, sku, quantity })),
  reason,
  requestedAt,
})

export const asReceived = (one: Return): Return => {
  const { refundedAt: _paid, ...received } = one
  return { ...received, status: 'received' }
}

export const asRefunding = (one: Return): Return => ({ ...asReceived(one), status: 'refunding' })

/** An edit that waits for its supplement is open at first; any other is done at once. */
export const asStarted = (one: Edit): Edit => {
  if (one.supplementId === undefined) return one
  const { failure: _failure, endedAt: _ended, ...open } = one
  return { ...open, status: 'open' }
}

export const asAsked = ({ id, from, amountMinor, cause, requestedAt }: Refund): Refund => ({
  id,
  from,
  amountMinor,
  cause,
  status: 'requested',
  requestedAt,
})
