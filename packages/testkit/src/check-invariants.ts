import { type Collection, type Document, MongoClient } from 'mongodb'
import {
  chargesAsKnown,
  type DeadLetter,
  goneAstray,
  lostOrders,
  unarchived,
  type Violation,
  violationsOfDeadLetters,
  violationsOfOrders,
  violationsOfStock,
} from './invariants.ts'

export interface CheckOptions {
  readonly mongodbUrl: string
  /** The services' databases are this and their names. */
  readonly databasePrefix: string
  /** Orders that clients were told are accepted. */
  readonly accepted?: readonly string[]
  /** What the dead-letter stream holds. */
  readonly deadLetters?: readonly DeadLetter[]
  /** Ids of events that were made so that no consumer can handle them. */
  readonly poison?: readonly string[]
}

/** A part of everything that was looked at, and how to look at it again, as it stands then. */
export interface Part {
  readonly found: readonly Violation[]
  readonly again: () => Promise<Violation[]>
}

/** Documents of one collection in memory at once; where an order has several, for as many orders. */
const ordersAtOnce = 250
const perOrderAtOnce = 1000
const idsAtOnce = 1000
const stockAtOnce = 50

/**
 * Reads every database and the simulated provider's own ledger and reports what does not hold. Means something once the
 * system has come to rest: an order under way is a violation of I1.
 */
export async function checkInvariants(options: CheckOptions): Promise<Violation[]> {
  const { mongodbUrl, databasePrefix, accepted = [], deadLetters = [], poison = [] } = options
  const client = await MongoClient.connect(mongodbUrl)
  try {
    const found = [await lost(client, databasePrefix, accepted)]
    for await (const part of parts(client, databasePrefix)) found.push([...part.found])
    return [...found.flat(), ...violationsOfDeadLetters(deadLetters, poison)]
  } finally {
    await client.close()
  }
}

/**
 * All that is compared in the databases, in parts that fit into memory however many orders there are: each order with
 * everything that has its id and with whatever has its idempotency key, each stock document with its movements and its holds.
 * What is added meanwhile is left to the next time.
 */
export async function* parts(client: MongoClient, databasePrefix: string): AsyncGenerator<Part> {
  const all = openCollections(client, databasePrefix)
  const several = { prefix: 'ord_', field: 'orderId', atOnce: perOrderAtOnce }
  // The orders come first: how many of them there are decides how far a part goes.
  const byOrder = [
    { ...several, collection: all.orders, field: '_id', atOnce: ordersAtOnce },
    { ...several, collection: all.reservations, field: '_id' },
    { ...several, collection: all.movements },
    { ...several, collection: all.payments, field: '_id', prefix: 'pay_' },
    { ...several, collection: all.charges, field: '_id', prefix: 'pay_' },
    { ...several, collection: all.notifications, projection: toldOf },
  ]
  yield* walk(byOrder, (documents) => ofOrders(all, documents))
  const byId = { collection: all.stock, field: '_id', prefix: '', atOnce: stockAtOnce }
  yield* walk([byId], ([found = []]) => ofStock(all, found))
}

interface Stored extends Document {
  readonly _id: string
}
type Records = Collection<Stored>

function openCollections(client: MongoClient, databasePrefix: string) {
  const open = (service: string, name: string): Records => client.db(databasePrefix + service).collection<Stored>(name)
  return {
    orders: open('orders', 'orders'),
    reservations: open('inventory', 'reservations'),
    stock: open('inventory', 'stock'),
    movements: open('inventory', 'movements'),
    payments: open('payments', 'payments'),
    charges: open('payments', 'simulator_charges'),
    notifications: open('notifications', 'notifications'),
  }
}

/** A collection in the order of an indexed field: its keys are what follows the prefix. */
interface Source {
  readonly collection: Records
  readonly field: string
  readonly prefix: string
  readonly projection?: Document
  readonly atOnce: number
}

/** Keys above `after`, up to `upTo`. */
interface Range {
  readonly after: string
  readonly upTo: string
}

const keyOf = ({ field, prefix }: Source, found: Document): string => String(found[field]).slice(prefix.length)

/** Everything with the keys that there are now, a range of keys at a time. */
async function* walk(
  sources: readonly Source[],
  judge: (documents: readonly Stored[][]) => Promise<Violation[]>,
): AsyncGenerator<Part> {
  const ends = await Promise.all(sources.map(lastKey))
  const end = ends
    .flatMap((key) => key ?? [])
    .toSorted()
    .at(-1)
  if (end === undefined) return
  for (let after = ''; after !== end; ) {
    const { upTo, documents } = await readSome(sources, { after, upTo: end })
    const range = { after, upTo }
    const again = async () => judge(await Promise.all(sources.map((source) => readAll(source, range))))
    yield { found: await judge(documents), again }
    after = upTo
  }
}

async function lastKey(source: Source): Promise<string | undefined> {
  const { collection, field, prefix } = source
  const found = await collection
    .find({ [field]: { $gt: prefix } }, { projection: { [field]: 1 } })
    .sort({ [field]: -1 })
    .limit(1)
    .next()
  return found === null ? undefined : keyOf(source, found)
}

/** As much of a range as may be in memory at once: of each source everything up to the same key. */
async function readSome(sources: readonly Source[], { after, upTo: end }: Range) {
  let upTo = end
  const read: (readonly [Source, Stored[]])[] = []
  for (const source of sources) {
    const found = await readAll(source, { after, upTo }, source.atOnce)
    read.push([source, found])
    const last = found.at(-1)
    if (found.length < source.atOnce || last === undefined) continue
    // There may be more with the last key.
    const whole = found.findLast((one) => keyOf(source, one) !== keyOf(source, last))
    upTo = keyOf(source, whole ?? last)
    if (whole === undefined) read.splice(-1, 1, [source, await readAll(source, { after, upTo })])
  }
  return { upTo, documents: read.map(([source, found]) => found.filter((one) => keyOf(source, one) <= upTo)) }
}

function readAll(source: Source, { after, upTo }: Range, limit = 0): Promise<Stored[]> {
  const { collection, field, prefix, projection = withoutEvents } = source
  const range = { [field]: { $gt: prefix + after, $lte: prefix + upTo } }
  return collection
    .find(range, { projection, limit, batchSize: idsAtOnce })
    .sort({ [field]: 1 })
    .toArray()
}

const withoutEvents = { 'outbox.entries': 0 }
const keyed = { customerId: 1, idempotencyKey: 1, status: 1, createdAt: 1 }
const toldOf = { orderId: 1, template: 1, about: 1, resendOf: 1, status: 1, createdAt: 1 }

async function lost(client: MongoClient, databasePrefix: string, accepted: readonly string[]): Promise<Violation[]> {
  const { orders } = openCollections(client, databasePrefix)
  const found: Violation[] = []
  for (const ids of batchesOf(accepted)) {
    const known = await orders.find({ _id: { $in: ids } }, { projection: { _id: 1 } }).toArray()
    found.push(...lostOrders(ids, new Set(known.map(({ _id }) => _id))))
  }
  return found
}

async function ofOrders(
  all: ReturnType<typeof openCollections>,
  [
    orders = [],
    reservations = [],
    movements = [],
    payments = [],
    charges = [],
    notifications = [],
  ]: readonly Stored[][],
): Promise<Violation[]> {
  const byOrder = Map.groupBy(movements, ({ orderId }) => orderId)
  const astray = reservations.filter(
    (one) => goneAstray(one, { movements: byOrder.get(one._id) ?? [], shelves: [] }).length > 0,
  )
  const parentIds = orders.flatMap(({ partOf }) => (partOf === undefined ? [] : [String(partOf)]))
  const parents = parentIds.length === 0 ? [] : await all.orders.find({ _id: { $in: parentIds } }).toArray()
  return violationsOfOrders({
    orders: byId(orders),
    parents: byId(parents),
    withSameKey: await withSameKey(all.orders, orders),
    reservations: byId(reservations),
    movements,
    shelves: astray.length === 0 ? [] : await shelvesOf(all.stock, astray),
    payments: byId(payments),
    charges: byId([...charges, ...payments.flatMap(chargesAsKnown)]),
    notifications,
  })
}

function withSameKey(all: Records, orders: readonly Stored[]): Promise<Stored[]> | Stored[] {
  const byCustomer = Map.groupBy(orders, ({ customerId }) => customerId)
  const keys = [...byCustomer].map(([customerId, own]) => ({
    customerId,
    idempotencyKey: { $in: own.map(({ idempotencyKey }) => idempotencyKey) },
  }))
  return keys.length === 0 ? [] : all.find({ $or: keys }, { projection: keyed, batchSize: idsAtOnce }).toArray()
}

/** Where units of these reservations stand or stood. */
function shelvesOf(stock: Records, reservations: readonly Stored[]): Promise<Stored[]> {
  const places: Document[] = reservations.flatMap(({ allocations, restocks = [] }) => [
    ...allocations,
    ...restocks.flatMap(({ placements }: Document) => placements),
  ])
  const ids = new Set(places.map(({ sku, locationId }) => `${sku}@${locationId}`))
  return stock.find({ _id: { $in: [...ids] } }, { projection: { sku: 1, movements: 1, backorders: 1 } }).toArray()
}

async function ofStock(
  { movements, reservations }: Pick<ReturnType<typeof openCollections>, 'movements' | 'reservations'>,
  stock: readonly Stored[],
): Promise<Violation[]> {
  if (stock.length === 0) return []
  // After the stock: what it does not know to be in the ledger may be there meanwhile, and is left out by its id.
  const sums = await movements
    .aggregate<{ _id: string; units: number }>([
      {
        $match: {
          $or: stock.map((one) => ({ stockId: one._id, _id: { $nin: unarchived(one).map(({ id }) => id) } })),
        },
      },
      { $group: { _id: '$stockId', units: { $sum: '$delta' } } },
    ])
    .toArray()
  const holders = new Map<string, Document>()
  const ids = new Set<string>(stock.flatMap(({ holds }) => holds.map(({ orderId }: Document) => orderId)))
  for (const some of batchesOf([...ids])) {
    const projection = { status: 1, allocations: 1, dueAt: 1 }
    for await (const one of reservations.find({ _id: { $in: some } }, { projection })) holders.set(one._id, one)
  }
  return violationsOfStock({
    stock,
    archived: new Map(sums.map(({ _id, units }) => [_id, units])),
    reservations: holders,
  })
}

const byId = (documents: readonly Stored[]) => new Map(documents.map((document) => [document._id, document]))

function* batchesOf(ids: readonly string[]): Generator<string[]> {
  for (let from = 0; from < ids.length; from += idsAtOnce) yield ids.slice(from, from + idsAtOnce)
}
