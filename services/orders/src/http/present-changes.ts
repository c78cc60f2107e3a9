import type { Fulfilment, OrderEdit, Refund, Return } from '@tradewind/contracts/fulfilment'
import type * as domain from '../domain/after-confirmation.ts'

const money = (amountMinor: number, currency: string) => ({ amountMinor, currency })

/** The moments that are known, as text. */
function moments<K extends string>(times: { readonly [N in K]: Date | undefined }): { [N in K]?: string } {
  const known: { [N in K]?: string } = {}
  for (const name in times) {
    const at = times[name]
    if (at !== undefined) known[name] = at.toISOString()
  }
  return known
}

export const presentFulfilment = (one: domain.Fulfilment, currency: string): Fulfilment => ({
  id: one.id,
  status: one.status,
  lines: one.lines.map((line) => ({ ...line })),
  ...(one.tracking !== undefined && { tracking: one.tracking }),
  ...(one.capture !== undefined && { capture: money(one.capture.amountMinor, currency) }),
  ...(one.capture?.failure !== undefined && { captureFailure: one.capture.failure }),
  createdAt: one.createdAt.toISOString(),
  ...moments({ shippedAt: one.shippedAt, deliveredAt: one.deliveredAt, cancelledAt: one.cancelledAt }),
})

export const presentReturn = (one: domain.Return): Return => ({
  id: one.id,
  status: one.status,
  lines: one.lines.map((line) => ({ ...line })),
  reason: one.reason,
  ...(one.rejection !== undefined && { rejection: one.rejection }),
  requestedAt: one.requestedAt.toISOString(),
  ...moments({
    approvedAt: one.approvedAt,
    rejectedAt: one.rejectedAt,
    receivedAt: one.receivedAt,
    refundedAt: one.refundedAt,
  }),
})

export const presentRefund = (one: domain.Refund, currency: string): Refund => ({
  id: one.id,
  amount: money(one.amountMinor, currency),
  status: one.status,
  cause: one.cause,
  ...(one.returnId !== undefined && { returnId: one.returnId }),
  ...(one.failure !== undefined && { failure: one.failure }),
  requestedAt: one.requestedAt.toISOString(),
  ...moments({ answeredAt: one.answeredAt }),
})

export const presentEdit = (one: domain.Edit, currency: string): OrderEdit => ({
  id: one.id,
  status: one.status,
  lines: one.wanted.map((line) => ({ ...line })),
  total: money(one.totalMinor, currency),
  toPay: money(one.toPayMinor, currency),
  ...(one.failure !== undefined && { failure: one.failure }),
  requestedAt: one.requestedAt.toISOString(),
  ...moments({ endedAt: one.endedAt }),
})
