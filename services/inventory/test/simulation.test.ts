import { AggregateNotFound } from '@tradewind/database/aggregate-store'
import { DomainError } from '@tradewind/service-kit/errors'
import { type Chance, createChance } from '@tradewind/testkit/chance'
import { describe, expect, test } from 'vitest'
import { allocationStrategies } from '../src/domain/allocation.ts'
import type { Violation } from '../src/domain/consistency.ts'
import type { Demand } from '../src/domain/reservation.ts'
import { backorderedUnits, heldUnits, stockId } from '../src/domain/stock.ts'
import { checkPhases } from '../src/use-cases/check-stock.ts'
import { repairPhases } from '../src/use-cases/repair-stock.ts'
import { expectOfEachSeed } from './simulation/each-seed.ts'
import { agree, expectPlainAccount, expectShelvesToHold } from './simulation/expectations.ts'
import { createMemory, type Memory } from './simulation/memory-stores.ts'
import { createReplica, createTurns, holdMs, Killed, type Replica } from './simulation/shop-in-memory.ts'

const locations = [
  { id: 'berlin', name: 'Berlin', priority: 1 },
  { id: 'lyon', name: 'Lyon', priority: 2 },
]
const skus = ['MUG', 'PEN', 'PRE'] as const
/** Units of PRE may be ordered before they are there. It comes in where its policy says. */
const limits = new Map([['PRE', 6]])
const placesOf = (sku: string): readonly [string, ...string[]] => (sku === 'PRE' ? ['berlin'] : ['berlin', 'lyon'])

const world = (chance: Chance) => {
  const memory = createMemory(locations)
  const clock = { now: new Date('2026-03-01T10:00:00Z') }
  let ids = 0
  const base = {
    now: () => clock.now,
    newId: (prefix: string) => `${prefix}_${(ids += 1)}`,
    strategy: chance.oneOf(allocationStrategies),
  }
  const later = (milliseconds: number) => {
    clock.now = new Date(clock.now.getTime() + milliseconds)
  }
  return { memory, base, later }
}

const basket = (chance: Chance): Demand[] =>
  Array.from({ length: chance.integer(1, 3) }, () => ({ sku: chance.oneOf(skus), quantity: chance.integer(1, 3) }))

const refusals = async (work: Promise<unknown>): Promise<string | undefined> => {
  try {
    await work
    return undefined
  } catch (error) {
    if (!(error instanceof DomainError)) throw error
    return error.code
  }
}

describe('one command after another, against a plain model', () => {
  /** Units brought less units promised, per SKU: below zero when orders wait. */
  class PlainShop {
    readonly supplied = new Map<string, number>()
    readonly orders = new Map<string, { status: string; demand: ReadonlyMap<string, number> }>()

    promised(sku: string) {
      const live = [...this.orders.values()].filter(({ status }) => status === 'held' || status === 'committed')
      return live.reduce((total, { demand }) => total + (demand.get(sku) ?? 0), 0)
    }
    bring(sku: string, units: number) {
      this.supplied.set(sku, (this.supplied.get(sku) ?? 0) + units)
    }
    place(orderId: string, lines: readonly Demand[]) {
      if (this.orders.has(orderId)) return
      const demand = new Map<string, number>()
      for (const { sku, quantity } of lines) demand.set(sku, (demand.get(sku) ?? 0) + quantity)
      const fits = [...demand].every(
        ([sku, quantity]) => quantity <= (this.supplied.get(sku) ?? 0) - this.promised(sku) + (limits.get(sku) ?? 0),
      )
      this.orders.set(orderId, { status: fits ? 'held' : 'rejected', demand })
    }
    end(orderId: string, from: readonly string[], status: string) {
      const order = this.orders.get(orderId)
      if (order !== undefined && from.includes(order.status)) this.orders.set(orderId, { ...order, status })
    }
    /** What the order still has of it comes back. Refused while its units are held and not sold. */
    giveBack(orderId: string, sku: string, quantity: number): string | undefined {
      const order = this.orders.get(orderId)
      if (order === undefined) return AggregateNotFound.code
      if (order.status === 'held') return 'INVENTORY_NOT_SOLD_YET'
      if (order.status !== 'committed') return undefined
      const sold = order.demand.get(sku) ?? 0
      const demand = new Map([...order.demand, [sku, sold - Math.min(sold, quantity)]])
      this.orders.set(orderId, { ...order, demand })
      return undefined
    }
    cancel(orderId: string) {
      if (!this.orders.has(orderId)) this.orders.set(orderId, { status: 'released', demand: new Map() })
      this.end(orderId, ['held', 'committed'], 'released')
    }
  }

  /** What a command came to, and what the model says it must. */
  type Answers = readonly [actual: unknown, expected: unknown]

  async function carryOut(
    one: Replica,
    memory: Memory,
    plain: PlainShop,
    chance: Chance,
    later: (ms: number) => void,
  ): Promise<Answers> {
    const orderId = `ord_${chance.integer(1, 6)}`
    const sku = chance.oneOf(skus)
    const locationId = chance.oneOf(placesOf(sku))
    const shelf = memory.stock.get(stockId(sku, locationId))
    const byHand = { sku, locationId, userId: 'usr_1', idempotencyKey: `key_${chance.next()}` }
    switch (chance.integer(0, 10)) {
      case 0:
      case 1:
      case 2: {
        const lines = basket(chance)
        plain.place(orderId, lines)
        return [await refusals(one.place({ orderId, lines })), undefined]
      }
      case 3: {
        const isKnown = plain.orders.has(orderId)
        plain.end(orderId, ['held'], 'committed')
        return [await refusals(one.authorize({ orderId })), isKnown ? undefined : AggregateNotFound.code]
      }
      case 4:
        plain.cancel(orderId)
        return [await refusals(one.cancel({ orderId })), undefined]
      case 5: {
        const delta = chance.oneOf([-2, -1, 1, 2, 3, 5])
        const isEnough = (shelf?.available ?? 0) + delta >= 0
        if (isEnough) plain.bring(sku, delta)
        const adjust = () => one.adjust({ ...byHand, delta, reason: 'received' })
        return await twice(adjust, isEnough, 'INVENTORY_NOT_ENOUGH_STOCK')
      }
      case 6: {
        const counted = chance.integer(0, 5)
        const isPossible = counted >= (shelf === undefined ? 0 : heldUnits(shelf))
        if (isPossible) plain.bring(sku, counted - (shelf?.onHand ?? 0))
        return await twice(() => one.count({ ...byHand, counted }), isPossible, 'INVENTORY_COUNT_BELOW_HELD')
      }
      case 7: {
        const quantity = chance.integer(1, 3)
        const toLocationId = locationId === 'berlin' ? 'lyon' : 'berlin'
        const { userId, idempotencyKey } = byHand
        const order = { sku, fromLocationId: locationId, toLocationId, quantity, userId, idempotencyKey }
        const isEnough = (shelf?.available ?? 0) >= quantity
        if (sku === 'PRE') return [undefined, undefined]
        return await twice(() => one.transfer(order), isEnough, 'INVENTORY_NOT_ENOUGH_STOCK')
      }
      case 8:
        later(holdMs)
        for (const id of plain.orders.keys()) plain.end(id, ['held'], 'expired')
        return [await refusals(one.sweepReservations()), undefined]
      case 9: {
        const lines = [{ sku, quantity: chance.integer(1, 3) }]
        const given = { orderId, restockId: `rst_${chance.next()}`, lines, reason: 'returned' }
        const elsewhere = sku === 'PRE' || chance.isHit(0.5) ? {} : { locationId }
        const expected = plain.giveBack(orderId, sku, lines[0]?.quantity ?? 0)
        const back = () => refusals(one.returnUnits({ ...given, ...elsewhere }))
        return [
          [await back(), await back()],
          [expected, expected],
        ]
      }
      default:
        later(1)
        return [await refusals(one.archive()), undefined]
    }
  }

  /** A command with one key, and again: carried out once and then only told of, or refused both times. */
  async function twice(command: () => Promise<{ replayed: boolean }>, isFine: boolean, code: string): Promise<Answers> {
    const answers: unknown[] = []
    for (const _time of [1, 2]) {
      answers.push(
        await command().then(
          ({ replayed }) => replayed,
          (error: unknown) => (error instanceof DomainError ? error.code : error),
        ),
      )
    }
    return [answers, isFine ? [false, true] : [code, code]]
  }

  test('gives each order, and each operator, the very answer that the model gives', async () => {
    await expectOfEachSeed(async (seed) => {
      const chance = createChance(seed)
      const { memory, base, later } = world(chance)
      const one = createReplica(memory, { ...base, step: async (apply) => apply() })
      const plain = new PlainShop()
      await one.setPolicy({ sku: 'PRE', policy: 'backorder', limit: 6, locationId: 'berlin', availableAt: undefined })
      for (let commands = chance.integer(10, 40); commands > 0; commands -= 1) {
        const [actual, expected] = await carryOut(one, memory, plain, chance, later)
        agree(actual, expected)
        expectShelvesToHold(memory, limits)
        const statuses = [...memory.reservations.values()].map(({ id, status }) => [id, status] as const)
        agree(new Map(statuses), new Map([...plain.orders].map(([id, { status }]) => [id, status])))
        for (const sku of skus) {
          const shelves = [...memory.stock.values()].filter((shelf) => shelf.sku === sku)
          const free = shelves.reduce((sum, shelf) => sum + shelf.available - backorderedUnits(shelf), 0)
          agree([sku, free], [sku, (plain.supplied.get(sku) ?? 0) - plain.promised(sku)])
        }
      }
      for (const phase of repairPhases) expect((await one.rebuild([phase, ''], 100, true)).repaired).toEqual([])
    })
  })
})

describe('two replicas at once, each event several times and in any order, each of them killed at any write', () => {
  interface Message {
    readonly deliver: (replica: Replica) => Promise<unknown>
    /** An event comes until it is handled, a command of an operator until it is answered, a job once. */
    readonly kind: 'event' | 'command' | 'job'
  }

  const asJob = (deliver: Message['deliver']): Message => ({ deliver, kind: 'job' })
  const asCommand = (deliver: Message['deliver']): Message => ({ deliver, kind: 'command' })

  /** Takes a document away at once, right after the ledger has it all. */
  function loseStock({ stock, ledger }: Memory, id: string) {
    const { sku = '', locationId = '', movements = [] } = stock.get(id) ?? {}
    for (const { id: _id, ...movement } of movements) {
      if (!ledger.has(_id)) ledger.set(_id, { _id, stockId: id, sku, locationId, ...movement })
    }
    stock.delete(id)
  }

  /** A handler that was killed may leave a hold for a moment; the event comes again and takes it away. */
  const isNoLeak = ({ problem }: Violation) => problem !== 'leaked_hold'

  /** Whatever happens in one run: events of some orders, commands of operators, sweepers; and stock that is lost, if it may be. */
  function plot(chance: Chance, booked: Map<string, number>, memory: Memory, losesStock: boolean) {
    const orders = Array.from({ length: chance.integer(2, 5) }, (_, index) => `ord_${index}`)
    const isCancelled = new Map(orders.map((id) => [id, chance.isHit(0.4)]))
    const isAuthorized = new Map(orders.map((id) => [id, chance.isHit(0.6)]))
    const messages: Message[] = []
    const event = (deliver: Message['deliver']) => {
      for (let copies = chance.integer(1, 3); copies > 0; copies -= 1) messages.push({ deliver, kind: 'event' })
    }
    for (const orderId of orders) {
      const lines = basket(chance)
      event((replica) => replica.place({ orderId, lines }))
      if (isCancelled.get(orderId) === true) event((replica) => replica.cancel({ orderId }))
      if (isAuthorized.get(orderId) === true) {
        event((replica) => replica.authorize({ orderId }))
        for (let returns = chance.integer(0, 2); returns > 0; returns -= 1) {
          const [{ sku }] = [lines[chance.integer(0, lines.length - 1)] ?? { sku: 'MUG' }]
          const given = {
            orderId,
            restockId: `rst_${orderId}_${returns}`,
            lines: [{ sku, quantity: chance.integer(1, 3) }],
            reason: 'returned',
            locationId: sku === 'PRE' || chance.isHit(0.5) ? undefined : chance.oneOf(placesOf(sku)),
          }
          event((replica) => replica.returnUnits(given))
        }
      }
    }
    for (let commands = chance.integer(3, 8); commands > 0; commands -= 1) {
      const deliver = byHand(chance, booked, `key_${commands}`, orders)
      for (let copies = chance.integer(1, 2); copies > 0; copies -= 1) messages.push({ deliver, kind: 'command' })
    }
    const rebuilding: Message['deliver'][] = repairPhases.map((phase) => async (replica) => {
      const { repaired } = await replica.rebuild([phase, ''], 50, false)
      if (!losesStock) agree(repaired, [])
    })
    // Whatever is under way, nothing that is right may look wrong.
    const checking: Message['deliver'][] = checkPhases.map((phase) => async (replica) => {
      const { violations } = await replica.check([phase, ''], 50)
      if (!losesStock) agree(violations.filter(isNoLeak), [])
    })
    const jobs: Message['deliver'][] = [
      (replica) => replica.archive(),
      (replica) => replica.sweepReservations(),
      (replica) => replica.sweepTransfers(),
      (replica) => replica.releaseLeaked(undefined, 50, false),
      ...rebuilding,
      ...checking,
    ]
    for (let losses = losesStock ? chance.integer(1, 3) : 0; losses > 0; losses -= 1) {
      const sku = chance.oneOf(skus)
      const id = stockId(sku, chance.oneOf(placesOf(sku)))
      messages.push(
        asJob(async () => loseStock(memory, id)),
        ...rebuilding.map(asCommand),
      )
    }
    for (let runs = chance.integer(3, 9); runs > 0; runs -= 1) {
      messages.push({ deliver: jobs[chance.integer(0, jobs.length - 1)] ?? jobs[0] ?? (async () => 0), kind: 'job' })
    }
    return { orders, isCancelled, isAuthorized, messages: chance.shuffled(messages) }
  }

  function byHand(chance: Chance, booked: Map<string, number>, key: string, orders: readonly string[]) {
    const sku = chance.oneOf(skus)
    const locationId = chance.oneOf(placesOf(sku))
    const place = { sku, locationId, userId: 'usr_1', idempotencyKey: key }
    const seen = new Set<string>()
    const book = (difference: number) => {
      if (seen.has(key)) return
      seen.add(key)
      const id = stockId(sku, locationId)
      booked.set(id, (booked.get(id) ?? 0) + difference)
    }
    const quantity = chance.integer(1, 4)
    const orderId = orders[chance.integer(0, orders.length - 1)] ?? ''
    switch (chance.integer(0, 6)) {
      case 0:
      case 1:
      case 2:
        return async (replica: Replica) => {
          await replica.adjust({ ...place, delta: quantity, reason: 'received' })
          book(quantity)
        }
      case 3:
        return async (replica: Replica) => book((await replica.count({ ...place, counted: quantity })).count.difference)
      case 4:
        return (replica: Replica) => replica.extend({ orderId, minutes: quantity * 10 })
      case 5:
        return (replica: Replica) =>
          replica.releasePart({ orderId, lines: [{ sku, quantity: 1 }], userId: 'usr_1', idempotencyKey: key })
      default: {
        const toLocationId = locationId === 'berlin' ? 'lyon' : 'berlin'
        if (sku === 'PRE') return (replica: Replica) => replica.check(undefined, 50)
        const order = { sku, fromLocationId: locationId, toLocationId, quantity, userId: 'usr_1', idempotencyKey: key }
        return (replica: Replica) => replica.transfer(order)
      }
    }
  }

  const refusedForGood = new Set([
    AggregateNotFound.code,
    'INVENTORY_NOT_ENOUGH_STOCK',
    'INVENTORY_COUNT_BELOW_HELD',
    'INVENTORY_RESERVATION_NOT_HELD',
    'INVENTORY_NOT_RESERVED',
  ])
  const maxSteps = 20_000

  async function play(seed: number, losesStock = false) {
    const chance = createChance(seed)
    const { memory, base, later } = world(chance)
    const turns = createTurns(chance)
    const replicas = [0, 1].map((index) => createReplica(memory, { ...base, step: turns.stepOf(index) }))
    const [first] = replicas
    if (first === undefined) throw new Error('no replica')
    const booked = new Map<string, number>()
    const { orders, isCancelled, isAuthorized, messages } = plot(chance, booked, memory, losesStock)
    const failures: unknown[] = []
    let underWay = 0
    let retries = 0
    let isCalm = false
    const mostAtOnce = chance.integer(2, 12)
    const queue: Message[] = []
    const rebuild = repairPhases.map((phase) => asCommand((replica) => replica.rebuild([phase, ''], 100, false)))
    const rebuildIfLost = losesStock ? rebuild : []
    // While a shelf is gone nothing adds up, and who waits there is not counted; in the end everything does.
    const mayWait = losesStock ? new Map([['PRE', Number.POSITIVE_INFINITY]]) : limits

    const deliver = (message: Message) => {
      const replica = replicas[chance.integer(0, 1)] ?? first
      underWay += 1
      message
        .deliver(replica)
        .catch((error: unknown) => {
          if (error instanceof DomainError && message.kind === 'command' && refusedForGood.has(error.code)) return
          if (!(error instanceof Killed) && !(error instanceof DomainError)) failures.push(error)
          // What is tried again comes a while later, and sweepers run meanwhile.
          retries += 1
          later(1000)
          if (retries % 35 === 0)
            queue.push(
              asJob((swept) => swept.sweepReservations()),
              ...rebuildIfLost,
            )
          if (message.kind !== 'job')
            queue.splice(chance.integer(Math.floor(queue.length / 2), queue.length), 0, message)
        })
        .finally(() => {
          underWay -= 1
        })
    }
    async function drain() {
      for (let steps = 0; queue.length > 0 || underWay > 0; steps += 1) {
        if (steps > maxSteps) throw new Error('never comes to rest')
        if (!isCalm && chance.isHit(0.02)) turns.kill(chance.integer(0, 1))
        const isIdle = !(await turns.next())
        // Now and then everything stands still for longer than holds last and than stocks remember.
        later(chance.isHit(0.003) ? 16 * 60_000 : 1)
        if (isIdle || (underWay < mostAtOnce && chance.isHit(0.3))) {
          const [message] = queue.splice(0, 1)
          if (message !== undefined) deliver(message)
        }
        if (failures.length > 0) throw failures[0]
        if (steps % 7 === 0 && !losesStock) expectShelvesToHold(memory, limits)
      }
    }
    const job = (deliverJob: Message['deliver']) => queue.push({ deliver: deliverJob, kind: 'command' })
    job((replica) =>
      replica.setPolicy({ sku: 'PRE', policy: 'backorder', limit: 6, locationId: 'berlin', availableAt: undefined }),
    )
    for (const sku of skus) job(byHand(chance, booked, `first_${sku}`, orders))
    await drain()
    queue.push(...messages)
    await drain()
    isCalm = true
    queue.push(...rebuildIfLost)
    await drain()
    for (let rounds = 0; rounds < 3; rounds += 1) {
      later(31_000)
      job((replica) => replica.sweepReservations())
      job((replica) => replica.sweepTransfers())
      // What was rebuilt for an order that was just ending.
      if (losesStock) job((replica) => replica.releaseLeaked(undefined, 50, false))
      await drain()
    }
    expectShelvesToHold(memory, mayWait)
    expectPlainAccount(memory, booked)
    for (const id of orders) {
      const status = memory.reservations.get(id)?.status
      const ends = ['rejected', 'released', 'expired']
      if (isCancelled.get(id) !== true) ends.push(isAuthorized.get(id) === true ? 'committed' : 'held')
      expect([id, ends.includes(status ?? 'missing') ? 'one of its ends' : status]).toEqual([id, 'one of its ends'])
    }
    for (const phase of checkPhases) {
      const checking = first.check([phase, ''], 100)
      while (await turns.next()) later(0)
      expect((await checking).violations).toEqual([])
    }
  }

  test('lose no unit, sell none twice, and agree with the plain account when they come to rest', async () => {
    await expectOfEachSeed(play)
  })

  test('the same while stock is lost and rebuilt in the middle of it', async () => {
    await expectOfEachSeed((seed) => play(seed, true))
  }, 120_000)
})
