import type { Document } from 'mongodb'

/** A promise that does not hold, with the documents that show it. */
export interface Violation {
  /** Name in the list of invariants, I1 to I8. */
  readonly invariant: string
  readonly message: string
  readonly documents: readonly unknown[]
}

export interface DeadLetter {
  /** Of the event; empty where it had none. */
  readonly eventId: string
  readonly consumer: string
  readonly subject: string
  readonly reason: string
}

/** What the services have written about some orders: everything that has their ids. */
export interface OrderFacts {
  readonly orders: ReadonlyMap<string, Document>
  /** Orders that may have taken over lines of one of these, wherever else they stand. */
  readonly parents: ReadonlyMap<string, Document>
  /** Orders, these among them, of a customer and with an idempotency key of one of these. */
  readonly withSameKey: readonly Document[]
  readonly reservations: ReadonlyMap<string, Document>
  /** What the ledger of movements has of these orders. */
  readonly movements: readonly Document[]
  /** Shelves that may know of more: movements on their way to the ledger, and what is sold and still to come. */
  readonly shelves: readonly Document[]
  readonly payments: ReadonlyMap<string, Document>
  /** The simulated provider's own ledger, by payment id. */
  readonly charges: ReadonlyMap<string, Document>
  readonly notifications: readonly Document[]
}

export interface StockFacts {
  readonly stock: readonly Document[]
  /** By stock: what the ledger's movements come to, but for those that the document does not know to be there. */
  readonly archived: ReadonlyMap<string, number>
  /** Those that a hold on this stock names. */
  readonly reservations: ReadonlyMap<string, Document>
}

/** What does not hold of these orders: I1, I3, I4, I5, I6, I8, and of I2 that what is sold is what orders have. */
export const violationsOfOrders = (facts: OrderFacts): Violation[] => [
  ...everyOrderEnds(facts),
  ...soldIsWhatOrdersHave(facts),
  ...soldIsWhatLeftTheShelves(facts),
  ...takenOnce(facts),
  ...nothingTakenForStoppedOrders(facts),
  ...confirmedMeansSoldAndPaid(facts),
  ...oneOrderPerKey(facts),
  ...oneNotificationPerEnding(facts),
]

const violation = (invariant: string, message: string, ...documents: unknown[]): Violation => ({
  invariant,
  message,
  documents,
})
const paymentIdOf = (orderId: string) => orderId.replace(/^ord_/, 'pay_')
const sum = (numbers: readonly number[]) => numbers.reduce((total, number) => total + number, 0)

/** What a confirmed order comes to, by what was shipped and delivered. */
const goingOn = new Set(['confirmed', 'partially_fulfilled', 'fulfilled', 'completed'])
const ended = new Set([...goingOn, 'rejected', 'cancelled', 'expired'])
const stopped = new Set(['rejected', 'cancelled', 'expired'])

/** I1 */
export const lostOrders = (accepted: readonly string[], known: ReadonlySet<string>): Violation[] =>
  accepted.filter((id) => !known.has(id)).map((id) => violation('I1', `accepted order ${id} is gone`))

/** I1 */
const everyOrderEnds = ({ orders }: OrderFacts): Violation[] =>
  [...orders.values()]
    .filter(({ status, dueAt }) => !ended.has(status) || dueAt !== undefined)
    .map((order) => violation('I1', `order ${order['_id']} has not come to its end (${order['status']})`, order))

/** Movements of a stock document that it does not know to be in the ledger. */
export const unarchived = (stock: Document): Document[] =>
  stock['movements'].filter(({ archived }: Document) => archived !== true)

/** I2 */
export function violationsOfStock({ stock, archived, reservations }: StockFacts): Violation[] {
  const found: Violation[] = []
  for (const one of stock) {
    const { _id: id, onHand, available, holds } = one
    const held = sum(holds.map(({ quantity }: Document) => quantity))
    if (available + held !== onHand)
      found.push(violation('I2', `${id}: available ${available} + held ${held} ≠ on hand ${onHand}`, one))
    if (available < 0) found.push(violation('I2', `${id}: available is ${available}`, one))
    const moved = (archived.get(id) ?? 0) + sum(unarchived(one).map(({ delta }) => delta))
    if (moved !== onHand) found.push(violation('I2', `${id}: movements sum to ${moved}, on hand is ${onHand}`, one))
    for (const hold of holds) {
      const reservation = reservations.get(hold.orderId)
      const status = reservation?.['status']
      // Not the whole document: a shelf that everybody buys from has thousands of holds.
      if (status !== 'held')
        found.push(
          violation(
            'I2',
            `${id}: leaked hold of ${hold.orderId} (reservation ${status})`,
            { _id: id, hold },
            reservation,
          ),
        )
    }
  }
  return found
}

/** I2: what an order has, and has not sent back, is what its reservation still counts as sold. */
function soldIsWhatOrdersHave(facts: OrderFacts): Violation[] {
  const found: Violation[] = []
  for (const [id, reservation] of facts.reservations) {
    const { status, allocations, restocks = [] } = reservation
    const open = restocks.filter(({ isDone }: Document) => isDone !== true)
    if (open.length > 0)
      found.push(violation('I2', `${open.length} restocks of ${id} are not on the shelf`, reservation))
    const order = ownerOf(facts, id)
    if (status !== 'committed' || order === undefined || !goingOn.has(order['status'])) continue
    const lines: Document[] = order['lines'].filter(({ from = order['_id'] }: Document) => from === id)
    const asked: Document[] = order['restocks'] ?? []
    const sentBack = asked
      .filter(({ from, reason }: Document) => from === id && reason === 'returned')
      .flatMap((restock) => restock['lines'])
    const placed = restocks.flatMap(({ placements }: Document) => placements)
    for (const sku of new Set<string>([...lines, ...allocations].map((one) => one.sku))) {
      const sold = unitsOf(allocations, sku) - unitsOf(placed, sku)
      const kept = unitsOf(lines, sku) - unitsOf(sentBack, sku)
      if (sold !== kept) {
        const message = `order ${id} has ${kept} of ${sku}, its reservation counts ${sold} as sold`
        found.push(violation('I2', message, order, reservation))
      }
    }
  }
  return found
}

/** What became of reservations once nothing of them is under way. */
const settled = new Set(['committed', 'rejected', 'released', 'expired'])

interface SoldAndGone {
  readonly sku: string
  /** What the reservation counts as sold. */
  readonly sold: number
  /** What left the shelves for it and did not come back, and what will leave as soon as it comes. */
  readonly gone: number
}

/** Where the shelves and the reservation differ. */
export function goneAstray(reservation: Document, facts: Pick<OrderFacts, 'movements' | 'shelves'>): SoldAndGone[] {
  const { _id: id, status, allocations, restocks = [] } = reservation
  if (!settled.has(status)) return []
  const placed = restocks.flatMap(({ placements }: Document) => placements)
  const [kept, cameBack] = status === 'committed' ? [allocations, placed] : [[], []]
  const own = facts.movements.filter(({ orderId }) => orderId === id)
  const archived = new Set(own.map(({ _id }) => _id))
  const more = facts.shelves.flatMap(({ sku, movements, backorders = [] }) => [
    ...movements.flatMap((one: Document) =>
      one['orderId'] === id && !archived.has(one['id']) ? [{ sku, units: -one['delta'] }] : [],
    ),
    ...backorders.flatMap((one: Document) =>
      one['orderId'] === id && one['isSold'] === true ? [{ sku, units: one['quantity'] }] : [],
    ),
  ])
  const left = [...own.map(({ sku, delta }) => ({ sku, units: -delta })), ...more]
  const skus = new Set<string>([...allocations, ...left].map(({ sku }) => sku))
  return [...skus]
    .map((sku) => ({
      sku,
      sold: unitsOf(kept, sku) - unitsOf(cameBack, sku),
      gone: sum(left.filter((one) => one.sku === sku).map(({ units }) => units)),
    }))
    .filter(({ sold, gone }) => sold !== gone)
}

/** I2 */
const soldIsWhatLeftTheShelves = (facts: OrderFacts): Violation[] =>
  [...facts.reservations.values()].flatMap((reservation) =>
    goneAstray(reservation, facts).map(({ sku, sold, gone }) => {
      const message = `${gone} of ${sku} left the shelves for order ${reservation['_id']}, its reservation counts ${sold} as sold`
      const own = facts.movements.filter(({ orderId }) => orderId === reservation['_id'])
      return violation('I2', message, reservation, ...own)
    }),
  )

/** The order whose lines are sold from a reservation: its own, or the one that took its lines over. */
function ownerOf({ orders, parents }: OrderFacts, id: string): Document | undefined {
  const own = orders.get(id)
  if (own?.['partOf'] === undefined) return own
  const parent = parents.get(own['partOf'])
  const isTaken = parent?.['supplements']?.some((one: Document) => one['id'] === id && one['status'] === 'taken')
  return isTaken === true ? parent : own
}

const unitsOf = (lines: readonly Document[], sku: string): number =>
  sum(lines.filter((line) => line['sku'] === sku).map(({ quantity }) => quantity))

/** What the provider says it has taken and not given back. */
const netOf = (charge: Document): number => charge['capturedMinor'] - charge['refundedMinor']
const sumOfParts = (parts: readonly Document[]) => sum(parts.map(({ amountMinor }) => amountMinor))
const hasTwins = (parts: readonly Document[]) => new Set(parts.map(({ id }) => id)).size < parts.length

const simulator = 'simulator'

/**
 * What is held, taken and given back for a payment at a real provider, as payments has it: what the provider itself says is
 * compared by the reconciliation. None for the simulated one, whose own ledger is read, and where nothing was authorised.
 */
export function chargesAsKnown<T extends Document>(payment: T): (T & Document)[] {
  const { provider = simulator, authorization, amount, captures, refunds, capturedMinor, refundedMinor } = payment
  if (provider === simulator || authorization === 'none') return []
  const closed = capturedMinor === 0 ? 'voided' : refundedMinor === capturedMinor ? 'refunded' : 'captured'
  const states: Readonly<Record<string, string>> = { held: 'authorized', declined: 'declined', closed }
  const charge = {
    ...payment,
    state: states[authorization],
    amountMinor: amount?.amountMinor ?? 0,
    capturedMinor,
    capturedParts: captures.filter(({ state }: Document) => state === 'captured'),
    refundedMinor,
    refundedParts: refunds.filter(({ state }: Document) => state === 'succeeded'),
  }
  return [charge]
}

/** I3 */
function takenOnce({ payments, charges, orders }: OrderFacts): Violation[] {
  const found: Violation[] = []
  for (const [id, charge] of charges) {
    const { amountMinor, capturedMinor, refundedMinor, capturedParts, refundedParts } = charge
    const order = orders.get(id.replace(/^pay_/, 'ord_'))
    const total = order?.['total'].amountMinor
    const say = (message: string) => found.push(violation('I3', `${id}: ${message}`, charge, order))
    if (capturedMinor > amountMinor) say(`${capturedMinor} was captured of ${amountMinor} authorised`)
    if (refundedMinor > capturedMinor) say(`${refundedMinor} was given back of ${capturedMinor} captured`)
    if (hasTwins(capturedParts) || sumOfParts(capturedParts) !== capturedMinor) say('its captures do not add up')
    if (hasTwins(refundedParts) || sumOfParts(refundedParts) !== refundedMinor) say('its refunds do not add up')
    if (capturedMinor === 0) continue
    if (order === undefined) say('money was taken for no order')
    else if (netOf(charge) > total) say(`${netOf(charge)} is kept for an order of ${total}`)
    // An order that was never edited is captured as a whole, unless it ships in parts; then it is not closed before.
    const isWhole = charge['state'] === 'captured' && amountMinor === total
    if (isWhole && capturedMinor !== total) say(`${capturedMinor} was captured of an order of ${total}`)
  }
  for (const [id, payment] of payments) found.push(...ledgerFaults(id, payment, charges.get(id)))
  return found
}

/** The ledger of a payment balances, and says what the provider says. */
function ledgerFaults(id: string, payment: Document, charge: Document | undefined): Violation[] {
  const entries: readonly Document[] = payment['ledger']
  const say = (message: string) => violation('I3', `${id}: ${message}`, payment, charge)
  const balance = sumOfParts(entries)
  const booked = (wanted: 'capture' | 'refund') =>
    sumOfParts(
      entries.filter(
        ({ account, reason }) => account === 'provider' && (reason === 'capture') === (wanted === 'capture'),
      ),
    )
  const captured = charge?.['capturedMinor'] ?? 0
  const refunded = charge?.['refundedMinor'] ?? 0
  return [
    ...(balance === 0 ? [] : [say(`the ledger sums to ${balance}`)]),
    ...(booked('capture') === captured
      ? []
      : [say(`the provider captured ${captured}, the ledger says ${booked('capture')}`)]),
    ...(booked('refund') === -refunded
      ? []
      : [say(`the provider gave back ${refunded}, the ledger says ${-booked('refund')}`)]),
  ]
}

/** I4 */
function nothingTakenForStoppedOrders({ orders, charges }: OrderFacts): Violation[] {
  return [...orders.values()].flatMap((order) => {
    const charge = charges.get(paymentIdOf(order['_id']))
    if (charge === undefined || !stopped.has(order['status'])) return []
    const isHeld = charge['state'] === 'authorized'
    if (!isHeld && netOf(charge) === 0) return []
    const what = isHeld ? 'money is held' : `${netOf(charge)} is kept`
    return [violation('I4', `order ${order['_id']} is ${order['status']}, and ${what} for it`, order, charge)]
  })
}

/** What of a capture may have gone back since. */
const taken = new Set(['captured', 'partially_refunded', 'refunded'])

/** I5 */
function confirmedMeansSoldAndPaid({ orders, reservations, charges }: OrderFacts): Violation[] {
  const found: Violation[] = []
  for (const [id, order] of orders) {
    const reservation = reservations.get(id)?.['status']
    const charge = charges.get(paymentIdOf(id))?.['state']
    const isConfirmed = goingOn.has(order['status'])
    if (isConfirmed !== (reservation === 'committed')) {
      found.push(
        violation(
          'I5',
          `order ${id} is ${order['status']}, its reservation ${reservation}`,
          order,
          reservations.get(id),
        ),
      )
    }
    // A provider is not asked for nothing, and with capture on ship the wishes tell what is to be taken.
    const isToBeTaken = order['capture'] !== 'on_ship' && order['total'].amountMinor > 0
    if (isConfirmed && isToBeTaken && !taken.has(charge)) {
      found.push(
        violation('I5', `order ${id} is confirmed, its payment ${charge}`, order, charges.get(paymentIdOf(id))),
      )
    }
  }
  return found
}

/** I6 */
function oneOrderPerKey({ orders, withSameKey }: OrderFacts): Violation[] {
  const keyOf = ({ customerId, idempotencyKey }: Document) => `${customerId} ${idempotencyKey}`
  const byKey = Map.groupBy(withSameKey, keyOf)
  return [...orders].flatMap(([id, order]) =>
    (byKey.get(keyOf(order)) ?? [])
      .filter((other) => other['_id'] < id)
      .map((other) => violation('I6', `two orders for one idempotency key: ${keyOf(order)}`, other, order)),
  )
}

/** I7. `poison` are the ids of events that were made so that no consumer can handle them. */
export function violationsOfDeadLetters(deadLetters: readonly DeadLetter[], poison: readonly string[]): Violation[] {
  const given = new Set(poison)
  const found = new Set(deadLetters.map(({ eventId }) => eventId))
  return [
    ...deadLetters
      .filter(({ eventId }) => !given.has(eventId))
      .map((letter) =>
        violation('I7', `${letter.consumer} gave up ${letter.subject} ${letter.eventId}: ${letter.reason}`, letter),
      ),
    ...poison.filter((id) => !found.has(id)).map((id) => violation('I7', `the poison ${id} is in no dead letter`)),
  ]
}

/** I8 */
function oneNotificationPerEnding({ orders, notifications }: OrderFacts): Violation[] {
  const found: Violation[] = []
  const sent = Map.groupBy(notifications, ({ orderId, template }) => `${orderId} ${template}`)
  // An order may have several parcels and returns, and an operator may ask for a copy.
  const byOccasion = Map.groupBy(
    notifications.filter(({ resendOf, orderId }) => resendOf === undefined && orderId !== undefined),
    ({ orderId, template, about }) => [orderId, template, ...(about === undefined ? [] : [about])].join(' '),
  )
  for (const [key, copies] of byOccasion) {
    if (copies.length > 1) found.push(violation('I8', `${copies.length} notifications for ${key}`, ...copies))
  }
  for (const [id, { status, partOf }] of orders) {
    // Of a supplement nobody is told: its customer hears of the order that it belongs to.
    if (partOf !== undefined) continue
    const ending = goingOn.has(status) ? 'confirmed' : status
    if (ended.has(status) && !sent.has(`${id} order-${ending}`)) {
      found.push(violation('I8', `nobody was told that order ${id} is ${status}`))
    }
  }
  return found
}
