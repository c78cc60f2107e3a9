import { DomainError } from '@tradewind/service-kit/errors'
import { type Chance, createChance } from '@tradewind/testkit/chance'
import { expect, test } from 'vitest'
import { allocationStrategies } from '../src/domain/allocation.ts'
import { type Hold, isOfAttempt } from '../src/domain/holds.ts'
import type { Stock } from '../src/domain/stock.ts'
import { repairPhases } from '../src/use-cases/repair-stock.ts'
import { expectOfEachSeed } from './simulation/each-seed.ts'
import { agree } from './simulation/expectations.ts'
import { createMemory, type Memory } from './simulation/memory-stores.ts'
import { createReplica, holdMs, Killed } from './simulation/shop-in-memory.ts'

/** Thousands of histories, on a machine that is shared. */
const timeoutMs = 120_000

const locations = [
  { id: 'berlin', name: 'Berlin', priority: 1 },
  { id: 'lyon', name: 'Lyon', priority: 2 },
]
/** Units of PRE may be ordered before they are there. */
const skus = ['MUG', 'PRE'] as const
const policy = { sku: 'PRE', policy: 'backorder', limit: 8, locationId: 'berlin', availableAt: undefined } as const

/** Each step of a process waits for its turn before and after. */
const steppingBy =
  (turn: () => Promise<void>) =>
  async <T>(apply: () => T): Promise<T> => {
    await turn()
    const done = apply()
    await turn()
    return done
  }

/** A shop whose process may die at one of its steps. */
function openShop(seed: number) {
  const memory = createMemory(locations)
  const clock = { now: new Date('2026-03-01T10:00:00Z') }
  let ids = 0
  let left = Number.POSITIVE_INFINITY
  const options = {
    now: () => clock.now,
    newId: (prefix: string) => `${prefix}_${(ids += 1)}`,
    strategy: createChance(seed).oneOf(allocationStrategies),
  }
  const turn = async () => {
    left -= 1
    if (left < 0) throw new Killed('died')
  }
  return {
    memory,
    clock,
    replica: createReplica(memory, { ...options, step: steppingBy(turn) }),
    operator: createReplica(memory, { ...options, step: async (apply) => apply() }),
    dieAfter: (steps: number) => {
      left = steps
    },
  }
}
type Shop = ReturnType<typeof openShop>
type Command = (shop: Shop) => Promise<unknown>

/** What somebody does. The same for every shop that it is done in. */
function command(chance: Chance): Command {
  const orderId = `ord_${chance.integer(1, 6)}`
  const sku = chance.oneOf(skus)
  const locationId = chance.oneOf(['berlin', 'lyon'])
  const toLocationId = locationId === 'berlin' ? 'lyon' : 'berlin'
  const byHand = { sku, userId: 'usr_1', idempotencyKey: `key_${chance.integer(1, 40)}` }
  const quantity = chance.integer(1, 4)
  const lines = Array.from({ length: chance.integer(1, 2) }, () => ({
    sku: chance.oneOf(skus),
    quantity: chance.integer(1, 3),
  }))
  const delta = chance.oneOf([-2, -1, 1, 2, 3, 5])
  const isElsewhere = chance.isHit(0.3)
  const restockId = `rst_${chance.integer(1, 12)}`
  const commands: readonly [Command, ...Command[]] = [
    ({ replica }) => replica.place({ orderId, lines }),
    ({ replica }) => replica.place({ orderId, lines }),
    ({ replica }) => replica.place({ orderId, lines }),
    ({ replica }) => replica.authorize({ orderId }),
    ({ replica }) => replica.authorize({ orderId }),
    ({ replica }) => replica.cancel({ orderId }),
    ({ replica }) => replica.adjust({ ...byHand, locationId, delta, reason: 'received' }),
    ({ replica }) => replica.adjust({ ...byHand, locationId, delta: quantity, reason: 'received' }),
    ({ replica }) => replica.count({ ...byHand, locationId, counted: quantity }),
    ({ replica }) => replica.transfer({ ...byHand, fromLocationId: locationId, toLocationId, quantity }),
    ({ replica }) => replica.releasePart({ ...byHand, orderId, lines: [{ sku, quantity: 1 }] }),
    ({ replica }) => replica.extend({ orderId, minutes: quantity * 10 }),
    ({ replica }) => {
      const back = { orderId, restockId: `${restockId}_${orderId}`, lines: [{ sku, quantity }], reason: 'returned' }
      return replica.returnUnits({ ...back, locationId: isElsewhere ? toLocationId : undefined })
    },
    async ({ replica }) => void (await replica.archive()),
    async ({ replica, clock }) => {
      clock.now = new Date(clock.now.getTime() + holdMs)
      await replica.sweepReservations()
    },
  ]
  return chance.oneOf(commands)
}

/** What differs between two shops without meaning anything; a process that died may have been further in the one. */
const ownNames = new Set(['version', 'token', 'replayed'])

/** What came of it: an answer, or the code of a refusal. */
const outcome = async (work: Promise<unknown>): Promise<unknown> => {
  try {
    const told = JSON.stringify((await work) ?? null)
    return JSON.parse(told, (name, value) => (ownNames.has(name) ? undefined : value))
  } catch (error) {
    if (error instanceof Killed) return 'died'
    if (error instanceof DomainError) return error.code
    throw error
  }
}

/** Carries out what a process left undone when it died: its message comes again, and the sweepers run. */
async function comeToRest(shop: Shop, last: Command): Promise<unknown> {
  shop.dieAfter(Number.POSITIVE_INFINITY)
  const answer = await outcome(last(shop))
  shop.clock.now = new Date(shop.clock.now.getTime() + 31_000)
  await shop.replica.sweepReservations()
  await shop.replica.sweepTransfers()
  return answer
}

/** Everything on the shelves that anybody can tell apart. */
function shelvesOf({ stock, reservations }: Memory) {
  const told =
    (one: Stock) =>
    ({ orderId, quantity, plan, ...by }: Omit<Hold, 'token'> & { readonly token?: string }) => {
      const { allocations = [] } = reservations.get(orderId) ?? {}
      const own = allocations.find(({ sku, locationId }) => sku === one.sku && locationId === one.locationId)
      return { orderId, quantity, plan, isConfirmed: isOfAttempt(by, own?.token) }
    }
  return [...stock.values()]
    .map((one) => ({
      id: one.id,
      onHand: one.onHand,
      available: one.available,
      holds: one.holds.map(told(one)).toSorted((a, b) => (a.orderId < b.orderId ? -1 : 1)),
      backorders: (one.backorders ?? []).map((waiting) => ({ ...told(one)(waiting), isSold: waiting.isSold === true })),
    }))
    .filter(({ onHand, holds, backorders }) => onHand !== 0 || holds.length > 0 || backorders.length > 0)
    .toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

/**
 * True for a shelf that the ledger knows, and whose movements that it does not know are those of orders and transfers. The
 * others are in nothing but the document.
 */
const isKnownElsewhere = ({ ledger }: Memory, { id, movements }: Stock) =>
  [...ledger.values()].some(({ stockId }) => stockId === id) &&
  movements.every(({ archived, kind }) => archived === true || (kind !== 'adjustment' && kind !== 'count'))

async function loseAndRebuild({ memory, operator }: Shop, id: string): Promise<void> {
  memory.stock.delete(id)
  for (const phase of repairPhases) await operator.rebuild([phase, ''], 100, false)
}

async function play(seed: number, mayDie: boolean): Promise<void> {
  const chance = createChance(seed)
  const [kept, lost] = [openShop(seed), openShop(seed)]
  for (const shop of [kept, lost]) await shop.operator.setPolicy(policy)
  const done: Command[] = []
  for (let commands = chance.integer(10, 40); commands > 0; commands -= 1) {
    const isLate = done.length > 0 && chance.isHit(0.2)
    const next = isLate ? chance.oneOf([done[0] ?? command(chance), ...done]) : command(chance)
    done.push(next)
    const diesAfter = mayDie && chance.isHit(0.4) ? chance.integer(0, 16) : Number.POSITIVE_INFINITY
    const losesOne = chance.isHit(0.3)
    const shelf = `${chance.oneOf(skus)}@${chance.oneOf(['berlin', 'lyon'])}`
    const answers: unknown[] = []
    for (const shop of [kept, lost]) {
      shop.clock.now = new Date(shop.clock.now.getTime() + 1000)
      shop.dieAfter(diesAfter)
      const answer = await outcome(next(shop))
      shop.dieAfter(Number.POSITIVE_INFINITY)
      answers.push(answer)
    }
    if (losesOne) {
      const document = lost.memory.stock.get(shelf)
      const isArchivedFirst = document !== undefined && !isKnownElsewhere(lost.memory, document)
      for (const { clock, operator } of isArchivedFirst ? [kept, lost] : []) {
        clock.now = new Date(clock.now.getTime() + 1)
        await operator.archive()
      }
      await loseAndRebuild(lost, shelf)
    }
    if (mayDie) for (const [index, shop] of [kept, lost].entries()) answers[index] = await comeToRest(shop, next)
    agree(answers[1], answers[0])
    agree(shelvesOf(lost.memory), shelvesOf(kept.memory))
  }
  for (const phase of ['stock', 'ledger', 'reservations'] as const) {
    expect((await lost.operator.check([phase, ''], 100)).violations).toEqual([])
  }
}

test(
  'stock that is lost at any moment and rebuilt is what it was, and answers everything after it as if nothing had been',
  async () => {
    await expectOfEachSeed((seed) => play(seed, false))
  },
  timeoutMs,
)

test(
  'the same where the process dies in the middle of a command and its message comes again',
  async () => {
    await expectOfEachSeed((seed) => play(seed, true))
  },
  timeoutMs,
)

test('what somebody was just repeating when its stock was lost and rebuilt is still made once, wherever they paused', async () => {
  const adjustment = { sku: 'MUG', locationId: 'berlin', userId: 'usr_1', delta: 5, reason: 'received' }
  for (let pauseAt = 1, hasPaused = true; hasPaused; pauseAt += 1) {
    const { memory, clock, operator } = openShop(1)
    const [reached, gate] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
    let steps = 0
    const paused = createReplica(memory, {
      now: () => clock.now,
      newId: (prefix) => `${prefix}_1`,
      strategy: 'priority',
      step: steppingBy(async () => {
        steps += 1
        if (steps !== pauseAt) return
        reached.resolve()
        await gate.promise
      }),
    })
    await operator.adjust({ ...adjustment, idempotencyKey: 'first' })
    await operator.adjust({ ...adjustment, idempotencyKey: 'again' })
    const repetition = paused.adjust({ ...adjustment, idempotencyKey: 'again' })
    hasPaused = await Promise.race([reached.promise.then(() => true), repetition.then(() => false)])
    clock.now = new Date(clock.now.getTime() + 1)
    await operator.archive()
    memory.stock.delete('MUG@berlin')
    await operator.rebuild(undefined, 100, false)
    gate.resolve()
    expect([pauseAt, await repetition]).toMatchObject([pauseAt, { replayed: true }])
    expect(memory.stock.get('MUG@berlin')).toMatchObject({ onHand: 10, available: 10 })
  }
})
