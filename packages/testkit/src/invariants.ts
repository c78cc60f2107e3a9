import { type Document, MongoClient } from 'mongodb'

/** A promise that does not hold, with the documents that show it. */
export interface Violation {
  /** Name in the list of invariants, I1 to I8. */
  readonly invariant: string
  readonly message: string
  readonly documents: readonly unknown[]
}

export interface InvariantOptions {
  readonly mongodbUrl: string
  /** Orders that clients were told are accepted. */
  readonly accepted?: readonly string[]
  /** Database of each service; the services' own defaults when left out. */
  readonly databases?: Partial<Databases>
  /** What the dead-letter stream holds. */
  readonly deadLetters?: readonly DeadLetter[]
  /** Ids of events that were made so that no consumer can handle them. */
  readonly poison?: readonly string[]
}

export interface DeadLetter {
  /** Of the event; empty where it had none. */
  readonly eventId: string
  readonly consumer: string
  readonly subject: string
  readonly reason: string
}

interface Databases {
  readonly orders: string
  readonly inventory: string
  readonly payments: string
  readonly notifications: string
}

const defaults: Databases = {
  orders: 'tradewind_orders',
  inventory: 'tradewind_inventory',
  payments: 'tradewind_payments',
  notifications: 'tradewind_notifications',
}

/** What the services have written, as documents. */
export interface Facts {
  readonly accepted: readonly string[]
  readonly orders: ReadonlyMap<string, Document>
  readonly reservations: ReadonlyMap<string, Document>
  readonly stock: readonly Document[]
  readonly movements: readonly Document[]
  readonly payments: ReadonlyMap<string, Document>
  /** The simulated provider's own ledger, by payment id. */
  readonly charges: ReadonlyMap<string, Document>
  readonly notifications: readonly Document[]
  readonly deadLetters: readonly DeadLetter[]
  readonly poison: readonly string[]
}

/**
 * Reads every database and the simulated provider's own ledger and reports what does not hold. Means something once the
 * system has come to rest: an order under way is a violation of I1.
 */
export async function checkInvariants(options: InvariantOptions): Promise<Violation[]> {
  return violationsIn(await readFacts(options))
}

/** The same for facts that are at hand. */
export function violationsIn(facts: Facts): Violation[] {
  return [
    ...everyAcceptedOrderEnds(facts),
    ...stockAddsUp(facts),
    ...soldIsWhatOrdersHave(facts),
    ...takenOnce(facts),
    ...nothingTakenForStoppedOrders(facts),
    ...confirmedMeansSoldAndPaid(facts),
    ...oneOrderPerKey(facts),
    ...deadLettersAreThePoison(facts),
    ...oneNotificationPerEnding(facts),
  ]
}

async function readFacts(options: InvariantOptions): Promise<Facts> {
  const { mongodbUrl, accepted = [], databases = {}, deadLetters = [], poison = [] } = options
  const names = { ...defaults, ...databases }
  const client = await MongoClient.connect(mongodbUrl)
  try {
    const all = (database: string, collection: string) =>
      client
        .db(database)
        .collection(collection)
        .find({}, { projection: { 'outbox.entries': 0 } })
        .toArray()
    // The ledger before the stock: a movement leaves a stock document long after the ledger has it, so none is missed.
    const movements = await all(names.inventory, 'movements')
    const [orders, reservations, stock, payments, charges, notifications] = await Promise.all([
      all(names.orders, 'orders'),
      all(names.inventory, 'reservations'),
      all(names.inventory, 'stock'),
      all(names.payments, 'payments'),
      all(names.payments, 'simulator_charges'),
      all(names.notifications, 'notifications'),
    ])
    return {
      accepted,
      orders: byId(orders),
      reservations: byId(reservations),
      stock,
      movements,
      payments: byId(payments),
      charges: byId(charges),
      notifications,
      deadLetters,
      poison,
    }
  } finally {
    await client.close()
  }
}

const byId = (documents: readonly Document[]) =>
  new Map(documents.map((document) => [String(document['_id']), document]))
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
function everyAcceptedOrderEnds({ accepted, orders }: Facts): Violation[] {
  const lost = accepted.filter((id) => !orders.has(id))
  const unended = [...orders.values()].filter(({ status, dueAt }) => !ended.has(status) || dueAt !== undefined)
  return [
    ...lost.map((id) => violation('I1', `accepted order ${id} is gone`)),
    ...unended.map((order) =>
      violation('I1', `order ${order['_id']} has not come to its end (${order['status']})`, order),
    ),
  ]
}

/** I2 */
function stockAddsUp({ stock, movements, reservations }: Facts): Violation[] {
  const found: Violation[] = []
  const ledger = Map.groupBy(movements, ({ stockId }) => stockId)
  for (const one of stock) {
    const { _id: id, onHand, available, holds, movements: kept } = one
    const held = sum(holds.map(({ quantity }: Document) => quantity))
    if (available + held !== onHand)
      found.push(violation('I2', `${id}: available ${available} + held ${held} ≠ on hand ${onHand}`, one))
    if (available < 0) found.push(violation('I2', `${id}: available is ${available}`, one))
    const archived = ledger.get(id) ?? []
    const archivedIds = new Set(archived.map(({ _id }) => _id))
    const waiting = kept.filter((movement: Document) => !archivedIds.has(movement['id']))
    const moved = sum([...archived, ...waiting].map(({ delta }: Document) => delta))
    if (moved !== onHand) found.push(violation('I2', `${id}: movements sum to ${moved}, on hand is ${onHand}`, one))
    for (const hold of holds) {
      const reservation = reservations.get(hold.orderId)
      if (reservation?.['status'] !== 'held') {
        found.push(
          violation(
            'I2',
            `${id}: leaked hold of ${hold.orderId} (reservation ${reservation?.['status']})`,
            one,
            reservation,
          ),
        )
      }
    }
  }
  return found
}

/** I2: what an order has, and has not sent back, is what its reservation still counts as sold. */
function soldIsWhatOrdersHave({ orders, reservations }: Facts): Violation[] {
  const found: Violation[] = []
  for (const [id, reservation] of reservations) {
    const { status, allocations, restocks = [] } = reservation
    const open = restocks.filter(({ isDone }: Document) => isDone !== true)
    if (open.length > 0)
      found.push(violation('I2', `${open.length} restocks of ${id} are not on the shelf`, reservation))
    const order = ownerOf(orders, id)
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

/** The order whose lines are sold from a reservation: its own, or the one that took its lines over. */
function ownerOf(orders: ReadonlyMap<string, Document>, id: string): Document | undefined {
  const own = orders.get(id)
  if (own?.['partOf'] === undefined) return own
  const parent = orders.get(own['partOf'])
  const isTaken = parent?.['supplements']?.some((one: Document) => one['id'] === id && one['status'] === 'taken')
  return isTaken === true ? parent : own
}

const unitsOf = (lines: readonly Document[], sku: string): number =>
  sum(lines.filter((line) => line['sku'] === sku).map(({ quantity }) => quantity))

/** What the provider says it has taken and not given back. */
const netOf = (charge: Document): number => charge['capturedMinor'] - charge['refundedMinor']
const sumOfParts = (parts: readonly Document[]) => sum(parts.map(({ amountMinor }) => amountMinor))
const hasTwins = (parts: readonly Document[]) => new Set(parts.map(({ id }) => id)).size < parts.length

/** I3 */
function takenOnce({ payments, charges, orders }: Facts): Violation[] {
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
function nothingTakenForStoppedOrders({ orders, charges }: Facts): Violation[] {
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
function confirmedMeansSoldAndPaid({ orders, reservations, charges }: Facts): Violation[] {
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
function oneOrderPerKey({ orders }: Facts): Violation[] {
  const seen = new Map<string, Document>()
  return [...orders.values()].flatMap((order) => {
    const key = `${order['customerId']} ${order['idempotencyKey']}`
    const other = seen.get(key)
    seen.set(key, order)
    return other === undefined ? [] : [violation('I6', `two orders for one idempotency key: ${key}`, other, order)]
  })
}

/** I7 */
function deadLettersAreThePoison({ deadLetters, poison }: Facts): Violation[] {
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
function oneNotificationPerEnding({ orders, notifications }: Facts): Violation[] {
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
