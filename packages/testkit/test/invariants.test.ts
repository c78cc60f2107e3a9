import { type Backends, startBackends } from '@tradewind/testkit/backends'
import { checkInvariants } from '@tradewind/testkit/check-invariants'
import { MongoClient } from 'mongodb'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'

let backends: Backends
beforeAll(async () => {
  backends = await startBackends()
})
afterAll(() => backends.stop())

const total = 2500
const part = (id: string, amountMinor: number) => ({ id, amountMinor })
/** Both sides of a booking. */
const booked = (reason: string, amountMinor: number) => [
  { account: 'provider', reason, amountMinor },
  { account: 'order', reason, amountMinor: -amountMinor },
]

interface OpenDocument {
  readonly _id: string
  readonly [field: string]: unknown
}

interface World {
  readonly order?: object
  readonly charge?: object
  readonly ledger?: readonly object[]
  /** What payments says of it at a provider of which it has no ledger. */
  readonly atProvider?: object
}

/** What the checker says of the money of one order, which is confirmed, captured as a whole and booked unless said otherwise. */
async function moneyFaults(world: World): Promise<string[]> {
  const { order = {}, charge = {}, ledger = booked('capture', total), atProvider } = world
  const databasePrefix = `${backends.databaseName('shop')}_`
  const client = await MongoClient.connect(backends.mongodbUrl)
  const insert = (service: string, collection: string, document: OpenDocument) =>
    client
      .db(databasePrefix + service)
      .collection<OpenDocument>(collection)
      .insertOne(document)
  try {
    await insert('orders', 'orders', {
      _id: 'ord_1',
      status: 'confirmed',
      total: { amountMinor: total },
      customerId: 'usr_1',
      idempotencyKey: 'k',
      ...order,
    })
    await insert('payments', 'payments', { _id: 'pay_1', ledger, ...atProvider })
    if (atProvider === undefined)
      await insert('payments', 'simulator_charges', {
        _id: 'pay_1',
        state: 'captured',
        amountMinor: total,
        capturedMinor: total,
        capturedParts: [part('cap_1', total)],
        refundedMinor: 0,
        refundedParts: [],
        ...charge,
      })
  } finally {
    await client.close()
  }
  const found = await checkInvariants({ mongodbUrl: backends.mongodbUrl, databasePrefix })
  return found.filter(({ invariant }) => invariant === 'I3' || invariant === 'I4').map(({ invariant }) => invariant)
}

const inParts = {
  state: 'authorized',
  capturedMinor: 1500,
  capturedParts: [part('ful_1', 1000), part('ful_2', 500)],
}
const atStripe = {
  provider: 'stripe',
  authorization: 'closed',
  amount: { amountMinor: total },
  captures: [{ ...part('cap_1', total), state: 'captured' }],
  capturedMinor: total,
  refunds: [{ ...part('ref_0', 500), state: 'failed' }],
  refundedMinor: 0,
}
const refunded = { refundedMinor: 700, refundedParts: [part('ref_1', 700)] }
const paidBack = [...booked('capture', total), ...booked('refund', -700)]

describe('the money of an order', () => {
  it.each<[string, World]>([
    ['captured as a whole', {}],
    ['captured in parts', { charge: inParts, ledger: [...booked('capture', 1000), ...booked('capture', 500)] }],
    ['refunded in part', { charge: refunded, ledger: paidBack }],
    [
      'of an order that an edit made cheaper',
      { order: { total: { amountMinor: 1800 } }, charge: refunded, ledger: paidBack },
    ],
    ['with a refund that came back', { ledger: [...paidBack, ...booked('refund_failed', 700)] }],
    [
      'given back when the order was cancelled',
      {
        order: { status: 'cancelled' },
        charge: { state: 'refunded', refundedMinor: total, refundedParts: [part('ref_1', total)] },
        ledger: [...booked('capture', total), ...booked('refund', -total)],
      },
    ],
    ['captured by a provider of which payments has no ledger', { atProvider: atStripe }],
    [
      'void there for a cancelled order',
      {
        order: { status: 'cancelled' },
        atProvider: { ...atStripe, captures: [], capturedMinor: 0 },
        ledger: [],
      },
    ],
  ])('is right %s', async (_name, world) => {
    expect(await moneyFaults(world)).toEqual([])
  })

  it.each<[string, string, World]>([
    [
      'captured twice',
      'I3',
      { charge: { capturedMinor: 2 * total, capturedParts: [part('a', total), part('b', total)] } },
    ],
    ['captured twice under one id', 'I3', { charge: { capturedParts: [part('a', 1250), part('a', 1250)] } }],
    [
      'captured for less than the order',
      'I3',
      { charge: { capturedMinor: 1, capturedParts: [part('a', 1)] }, ledger: booked('capture', 1) },
    ],
    ['given back above what was captured', 'I3', { charge: { refundedMinor: 2501, refundedParts: [part('r', 2501)] } }],
    ['kept above the total', 'I3', { order: { total: { amountMinor: 2000 } } }],
    ['captured and not booked', 'I3', { ledger: [] }],
    ['booked and not captured', 'I3', { ledger: [...booked('capture', total), ...booked('capture', total)] }],
    ['given back and not booked', 'I3', { charge: refunded }],
    ['booked on one side', 'I3', { ledger: booked('capture', total).slice(0, 1) }],
    ['kept for a cancelled order', 'I4', { order: { status: 'cancelled' } }],
    [
      'kept in part for a cancelled order',
      'I4',
      { order: { status: 'cancelled' }, charge: refunded, ledger: paidBack },
    ],
    [
      'held for an expired order',
      'I4',
      {
        order: { status: 'expired' },
        charge: { state: 'authorized', capturedMinor: 0, capturedParts: [] },
        ledger: [],
      },
    ],
    ['booked and not captured there', 'I3', { atProvider: { ...atStripe, captures: [], capturedMinor: 0 } }],
    ['kept there above the total', 'I3', { atProvider: atStripe, order: { total: { amountMinor: 2000 } } }],
    ['kept there for a cancelled order', 'I4', { atProvider: atStripe, order: { status: 'cancelled' } }],
    [
      'held there for an expired order',
      'I4',
      {
        atProvider: { ...atStripe, authorization: 'held', captures: [], capturedMinor: 0 },
        order: { status: 'expired' },
        ledger: [],
      },
    ],
  ])('is reported %s', async (_name, invariant, world) => {
    expect(await moneyFaults(world)).toContain(invariant)
  })
})
