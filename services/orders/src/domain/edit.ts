import { defineError } from '@tradewind/service-kit/errors'
import type { Author, Edit, Supplement, Units } from './after-confirmation.ts'
import { type Change, entered, followedBy, type NewId, noChange } from './change.ts'
import { changeLines } from './cut-lines.ts'
import { maxChanges, requireOpen, TooManyChanges } from './fulfilment.ts'
import { repriced } from './money-owed.ts'
import { createOrder, type Order, type OrderLine, OrderNotFound, type StopReason } from './order.ts'
import { MixedCurrencies, maxTotalMinor, type PricedSku, TotalTooLarge, UnknownSku } from './price-lines.ts'
import { isStopped } from './saga-table.ts'
import { assignedUnits, LineNamedTwice, overLines } from './units.ts'

export const EditTooLate = defineError(
  'ORDERS_EDIT_TOO_LATE',
  'conflict',
  'A part of the order is packed or shipped. Cancel what has not shipped, or send back what has arrived.',
)
export const NothingToEdit = defineError('ORDERS_NOTHING_TO_EDIT', 'unprocessable', 'The order is like that already.')
export const EditNotFound = defineError('ORDERS_EDIT_NOT_FOUND', 'not-found', 'The order has no such edit.')

export interface EditRequest {
  readonly id: string
  readonly supplementId: string
  /** The wanted end: every SKU once, with all its units. What is not named goes. */
  readonly wanted: readonly { readonly sku: string; readonly quantity: number }[]
}

/** Most lines that edits may leave an order with. */
const maxLines = 200

/**
 * Changes what a confirmed order consists of, before any of it is packed. Where nothing comes in, that is all; else it
 * waits for a supplement, and until then the order stays as it is. Throws `EditTooLate`, `EditUnderWay`, `NothingToEdit`,
 * and what pricing throws.
 */
export function startEdit(
  order: Order,
  { id, supplementId, wanted }: EditRequest,
  catalogue: ReadonlyMap<string, PricedSku>,
  author: Author,
  newId: NewId,
): Change {
  requireOpen(order)
  if (overLines(order, assignedUnits) > 0) throw EditTooLate({ orderId: order.id })
  const { edits = [], supplements = [] } = order
  if (edits.length >= maxChanges) throw TooManyChanges({ orderId: order.id })
  requireEachOnce(wanted)
  const out = unitsOut(order.lines, wanted)
  const added = linesIn(order, wanted, catalogue, newId).map((line) => ({ ...line, from: supplementId }))
  if (out.length === 0 && added.length === 0) throw NothingToEdit({ orderId: order.id })
  const kept = keptLines(order.lines, out)
  const quantities = new Map(kept.map((line) => [line.id, line.quantity]))
  if (kept.length + added.length > maxLines) throw TooManyChanges({ orderId: order.id })
  const { total } = repriced(order, (lineId) => quantities.get(lineId) ?? 0, added)
  if (total.amountMinor > maxTotalMinor) throw TotalTooLarge({ amountMinor: total.amountMinor })
  const toPayMinor = Math.max(0, total.amountMinor - order.total.amountMinor)
  const edit: Edit = {
    id,
    status: 'open',
    wanted,
    kept: kept.map(({ id: lineId, sku, quantity }) => ({ lineId, sku, quantity })),
    added,
    totalMinor: total.amountMinor,
    toPayMinor,
    ...(added.length > 0 && { supplementId }),
    requestedAt: author.at,
  }
  const amount = (amountMinor: number) => ({ amountMinor, currency: order.total.currency })
  const data = { editId: id, lines: wanted, total: amount(total.amountMinor), toPay: amount(toPayMinor) }
  const noted = entered({ ...order, edits: [...edits, edit] }, 'order.edit_requested', author, data)
  if (added.length === 0) return applied(noted, edit, author, newId)
  const supplement: Supplement = { id: supplementId, totalMinor: toPayMinor, status: 'asked' }
  return { order: { ...noted, supplements: [...supplements, supplement] }, said: [] }
}

/** The supplement is confirmed: the order takes its lines over. The same order comes back when nobody waits for that. */
export function takeOver(order: Order, supplementId: string, now: Date, newId: NewId): Change {
  const edit = openEditWith(order, supplementId)
  if (edit === undefined || isStopped(order.status)) return noChange(order)
  return applied(withSupplement(order, supplementId, 'taken'), edit, { at: now }, newId)
}

/** The supplement has stopped: the order stays as it was. The same order comes back when that is known. */
export function failEdit(order: Order, supplementId: string, failure: StopReason, now: Date): Change {
  const asked = order.supplements?.some(({ id, status }) => id === supplementId && status === 'asked')
  if (asked !== true) return noChange(order)
  const stopped = withSupplement(order, supplementId, 'stopped')
  const edit = openEditWith(order, supplementId)
  if (edit === undefined) return noChange(stopped)
  const next = withEdit(stopped, { ...edit, status: 'failed', failure, endedAt: now })
  return noChange(entered(next, 'order.edit_failed', { at: now }, { editId: edit.id, reason: failure }))
}

/** A supplement that was taken over, or asked for, is undone with its order. */
export const supplementStopped = (order: Order, supplementId: string): Change =>
  order.supplements?.some(({ id, status }) => id === supplementId && status !== 'stopped') === true
    ? noChange(withSupplement(order, supplementId, 'stopped'))
    : noChange(order)

function applied(order: Order, edit: Edit, author: Author, newId: NewId): Change {
  const kept = new Map(edit.kept.map(({ lineId, quantity }) => [lineId, quantity]))
  const out = order.lines.flatMap(({ id: lineId, sku, quantity }): Units[] => {
    const less = quantity - (kept.get(lineId) ?? 0)
    return less > 0 ? [{ lineId, sku, quantity: less }] : []
  })
  const done = withEdit(order, { ...edit, status: 'done', endedAt: author.at })
  const told = entered(done, 'order.edited', author, { editId: edit.id })
  return followedBy(noChange(told), (before) =>
    changeLines(before, { out, added: edit.added, cause: 'edited' }, author, newId),
  )
}

/** The order of its own that brings what an edit adds, as it is placed in the name of the one it belongs to. */
export function createSupplement(parent: Order, supplementId: string, now: Date, reminderMs: number): Order {
  const edit = (parent.edits ?? []).find((one) => one.supplementId === supplementId)
  if (edit === undefined) throw EditNotFound({ orderId: parent.id, supplementId })
  const money = (amountMinor: number) => ({ amountMinor, currency: parent.total.currency })
  const subtotal = edit.added.reduce((sum, { total }) => sum + total.amountMinor, 0)
  const place = (parent.supplements ?? []).findIndex(({ id }) => id === supplementId) + 1
  const order = createOrder(
    {
      id: supplementId,
      number: `${parent.number}/${place}`,
      customerId: parent.customerId,
      lines: edit.added.map(({ from: _from, ...line }) => line),
      subtotal: money(subtotal),
      paymentMethod: parent.paymentMethod,
      // With a space, which no client's key has.
      idempotencyKey: `edit ${edit.id}`,
      requestHash: edit.id,
      partOf: parent.id,
      ...(parent.email !== undefined && { email: parent.email }),
    },
    now,
    reminderMs,
  )
  return {
    ...order,
    discount: money(Math.max(0, subtotal - edit.toPayMinor)),
    tax: money(Math.max(0, edit.toPayMinor - subtotal)),
    total: money(edit.toPayMinor),
  }
}

/** A supplement that was never placed and never will be: whoever is slow to place it finds this. */
export const stoppedSupplement = (parent: Order, supplementId: string, now: Date): Order => {
  const { dueAt: _dueAt, ...order } = createSupplement(parent, supplementId, now, 0)
  return { ...order, status: 'cancelled', stockStatus: 'released', paymentStatus: 'voided' }
}

/** Throws `EditNotFound`. */
export function editOf({ id: orderId, edits = [], partOf }: Order, id: string): Edit {
  if (partOf !== undefined) throw OrderNotFound({ orderId })
  const found = edits.find((one) => one.id === id)
  if (found === undefined) throw EditNotFound({ orderId, editId: id })
  return found
}

function requireEachOnce(wanted: EditRequest['wanted']): void {
  const errors = wanted.flatMap(({ sku }, index) =>
    wanted.findIndex((line) => line.sku === sku) < index
      ? [{ pointer: `/lines/${index}/sku`, detail: 'is named before' }]
      : [],
  )
  if (errors.length > 0) throw LineNamedTwice({}, { errors })
}

const unitsOf = (lines: readonly OrderLine[], sku: string) =>
  lines.filter((line) => line.sku === sku).reduce((sum, { quantity }) => sum + quantity, 0)

/** What goes, the latest lines of a SKU first. */
function unitsOut(lines: readonly OrderLine[], wanted: EditRequest['wanted']): Units[] {
  const left = new Map(wanted.map(({ sku, quantity }) => [sku, quantity]))
  return lines.flatMap(({ id: lineId, sku, quantity }): Units[] => {
    const stays = Math.min(quantity, left.get(sku) ?? 0)
    left.set(sku, (left.get(sku) ?? 0) - stays)
    return stays < quantity ? [{ lineId, sku, quantity: quantity - stays }] : []
  })
}

/** What comes, at today's prices. */
function linesIn(
  order: Order,
  wanted: EditRequest['wanted'],
  catalogue: ReadonlyMap<string, PricedSku>,
  newId: NewId,
): OrderLine[] {
  const more = wanted.flatMap(({ sku, quantity }, index) => {
    const units = quantity - unitsOf(order.lines, sku)
    return units > 0 ? [{ sku, units, index, priced: catalogue.get(sku) }] : []
  })
  const unknown = more.flatMap(({ sku, index, priced }) =>
    priced === undefined ? [{ pointer: `/lines/${index}/sku`, detail: `${sku} is not for sale` }] : [],
  )
  if (unknown.length > 0) throw UnknownSku({}, { errors: unknown })
  return more.flatMap(({ sku, units, priced }): OrderLine[] => {
    if (priced === undefined) return []
    const { title, price } = priced
    if (price.currency !== order.total.currency) throw MixedCurrencies({ currencies: [price.currency] })
    const total = { amountMinor: price.amountMinor * units, currency: price.currency }
    return [{ id: newId('oln'), sku, title, quantity: units, unitPrice: price, total }]
  })
}

function keptLines(lines: readonly OrderLine[], out: readonly Units[]): OrderLine[] {
  const less = new Map(out.map(({ lineId, quantity }) => [lineId, quantity]))
  return lines.flatMap((line): OrderLine[] => {
    const quantity = line.quantity - (less.get(line.id) ?? 0)
    return quantity > 0 ? [{ ...line, quantity }] : []
  })
}

const openEditWith = ({ edits = [] }: Order, supplementId: string) =>
  edits.find((edit) => edit.status === 'open' && edit.supplementId === supplementId)

const withEdit = (order: Order, changed: Edit): Order => ({
  ...order,
  edits: (order.edits ?? []).map((one) => (one.id === changed.id ? changed : one)),
})

const withSupplement = (order: Order, id: string, status: Supplement['status']): Order => ({
  ...order,
  supplements: (order.supplements ?? []).map((one) => (one.id === id ? { ...one, status } : one)),
})
