import { defineError } from '@tradewind/service-kit/errors'
import type { Fulfilment, Return, Units } from './after-confirmation.ts'
import type { Order } from './order.ts'

export const UnknownLine = defineError('ORDERS_UNKNOWN_LINE', 'unprocessable', 'The order has no such line.')
export const LineNamedTwice = defineError('ORDERS_LINE_NAMED_TWICE', 'unprocessable', 'A line is named more than once.')
export const TooManyUnits = defineError(
  'ORDERS_TOO_MANY_UNITS',
  'conflict',
  'The order has not that many units to give.',
)

type Fulfilments = Pick<Order, 'fulfilments'>

const unitsIn = (parts: readonly { readonly lines: readonly Units[] }[], lineId: string) =>
  parts
    .flatMap(({ lines }) => lines)
    .filter((line) => line.lineId === lineId)
    .reduce((sum, { quantity }) => sum + quantity, 0)

const inStatus = (fulfilments: readonly Fulfilment[] = [], ...statuses: readonly Fulfilment['status'][]) =>
  fulfilments.filter(({ status }) => statuses.includes(status))

/** Units of a line that a fulfilment has, sent or not. */
export const assignedUnits = ({ fulfilments }: Fulfilments, lineId: string): number =>
  unitsIn(inStatus(fulfilments, 'packing', 'shipped', 'delivered'), lineId)

export const shippedUnits = ({ fulfilments }: Fulfilments, lineId: string): number =>
  unitsIn(inStatus(fulfilments, 'shipped', 'delivered'), lineId)

export const deliveredUnits = ({ fulfilments }: Fulfilments, lineId: string): number =>
  unitsIn(inStatus(fulfilments, 'delivered'), lineId)

/** Units that came with deliveries since then. */
export const deliveredSince = ({ fulfilments }: Fulfilments, lineId: string, since: Date): number =>
  unitsIn(
    inStatus(fulfilments, 'delivered').filter(({ deliveredAt }) => (deliveredAt?.getTime() ?? 0) >= since.getTime()),
    lineId,
  )

/** What of a return counts: what was asked for until it is here, then what came. */
export const countedLines = ({ status, lines }: Return): readonly Units[] => {
  if (status === 'rejected') return []
  if (status === 'requested' || status === 'approved') return lines
  return lines.map((line) => ({ ...line, quantity: (line.restocked ?? 0) + (line.writtenOff ?? 0) }))
}

/** Units of a line that were sent back, or are to be. */
export const returnedUnits = ({ returns = [] }: Pick<Order, 'returns'>, lineId: string): number =>
  unitsIn(
    returns.map((one) => ({ lines: countedLines(one) })),
    lineId,
  )

/** Units of a line that are here again. */
export const receivedUnits = ({ returns = [] }: Pick<Order, 'returns'>, lineId: string): number =>
  unitsIn(
    returns.filter(({ receivedAt }) => receivedAt !== undefined).map((one) => ({ lines: countedLines(one) })),
    lineId,
  )

/** Sums a count over every line of the order. */
export const overLines = (order: Order, count: (order: Order, lineId: string) => number): number =>
  order.lines.reduce((sum, { id }) => sum + count(order, id), 0)

export const orderedUnits = ({ lines }: Order): number => lines.reduce((sum, { quantity }) => sum + quantity, 0)

/**
 * The units that a request names, each line once and none beyond its limit. Throws `UnknownLine`, `LineNamedTwice` and
 * `TooManyUnits` with a pointer per line.
 */
export function unitsWithin(
  order: Order,
  wanted: readonly { readonly lineId: string; readonly quantity: number }[],
  limitOf: (lineId: string) => number,
): Units[] {
  const faults = (isFault: (lineId: string, index: number, quantity: number) => boolean, detail: string) =>
    wanted.flatMap(({ lineId, quantity }, index) =>
      isFault(lineId, index, quantity) ? [{ pointer: `/lines/${index}`, detail }] : [],
    )
  const skus = new Map(order.lines.map(({ id, sku }) => [id, sku]))
  const unknown = faults((lineId) => !skus.has(lineId), 'is not a line of this order')
  if (unknown.length > 0) throw UnknownLine({ orderId: order.id }, { errors: unknown })
  const twice = faults((lineId, index) => wanted.findIndex((line) => line.lineId === lineId) < index, 'is named before')
  if (twice.length > 0) throw LineNamedTwice({ orderId: order.id }, { errors: twice })
  const tooMany = faults((lineId, _index, quantity) => quantity > limitOf(lineId), 'is more than there is')
  if (tooMany.length > 0) throw TooManyUnits({ orderId: order.id }, { errors: tooMany })
  return wanted.map(({ lineId, quantity }) => ({ lineId, sku: skus.get(lineId) ?? '', quantity }))
}
