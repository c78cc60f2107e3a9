import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  blankPayment,
  isVoid,
  type Payment,
  paymentIdOf,
  refundableMinor,
  restRefundIdOf,
  statusOf,
} from './payment.ts'
import { planned, releaseGraceMs } from './plan.ts'
import { learn, type ProviderFacts, refuse } from './provider-facts.ts'
import {
  AboveAuthorized,
  AboveCaptured,
  AlreadyVoided,
  NotAuthorized,
  NothingCaptured,
  NothingHeld,
  requireCapturable,
  requireRefundable,
  requireVoidable,
  wishAuthorized,
  wishCancelled,
  wishCapture,
  wishCapturedAll,
  wishRefund,
  wishVoided,
} from './wishes.ts'

const now = new Date('2026-03-01T10:00:00Z')
const afterGrace = new Date(now.getTime() + releaseGraceMs)
const order = 'ord_1'
const asOrdered = { amount: { amountMinor: 100, currency: 'EUR' }, method: 'pm_approve', provider: 'simulator' }
const sum = ({ ledger }: Payment) => ledger.reduce((total, { amountMinor }) => total + amountMinor, 0)

/** A provider as it should be, which throws when it is asked for what would be a mistake. */
class Provider {
  held: 'nothing' | 'held' | 'declined' | 'closed' = 'nothing'
  readonly captures = new Map<string, number>()
  readonly refunds = new Map<string, number>()
  readonly approves: boolean
  readonly refuses: ReadonlySet<string>

  constructor(approves = true, refuses: ReadonlySet<string> = new Set()) {
    this.approves = approves
    this.refuses = refuses
  }

  get captured(): number {
    return [...this.captures.values()].reduce((total, amount) => total + amount, 0)
  }
  get refunded(): number {
    return [...this.refunds.values()].reduce((total, amount) => total + amount, 0)
  }
  facts(): ProviderFacts {
    return {
      ...(this.held !== 'nothing' && { authorization: this.held }),
      captures: [...this.captures].map(([id, amountMinor]) => ({ id, amountMinor })),
      refunds: [...this.refunds].map(([id, amountMinor]) => ({ id, amountMinor, state: 'succeeded' as const })),
    }
  }
  /** Undefined when it refuses for good. */
  answer(intent: NonNullable<Payment['intent']>): ProviderFacts | undefined {
    switch (intent.kind) {
      case 'authorize':
        if (this.held === 'nothing') this.held = this.approves ? 'held' : 'declined'
        break
      case 'void':
        if (this.held === 'nothing' || this.held === 'held') this.held = 'closed'
        break
      case 'capture':
        if (this.captures.has(intent.id)) break
        if (this.refuses.has(intent.id) || this.held !== 'held') return undefined
        this.captures.set(intent.id, intent.amountMinor)
        if (this.captured > 100) throw new Error(`captured ${this.captured}`)
        if (intent.isFinal || this.captured === 100) this.held = 'closed'
        break
      case 'refund':
        if (this.refunds.has(intent.id)) break
        if (this.refuses.has(intent.id)) return undefined
        this.refunds.set(intent.id, intent.amountMinor)
        if (this.refunded > this.captured) throw new Error(`refunded ${this.refunded} of ${this.captured}`)
        break
    }
    return this.facts()
  }
}

type Step = (payment: Payment) => Payment
const authorize: Step = (payment) => wishAuthorized(payment, asOrdered, now)
const all: Step = (payment) => wishCapturedAll(payment, now)
const cancel: Step = (payment) => wishCancelled(payment, now)
const part =
  (id: string, amountMinor: number, isLast = false): Step =>
  (payment) =>
    wishCapture(payment, { id, amountMinor, isLast }, now)
const back =
  (id: string, amountMinor: number): Step =>
  (payment) =>
    wishRefund(payment, { id, amountMinor, reason: 'a return' }, now)

/** Asks until nothing is to be asked any more. */
function settle(payment: Payment, provider: Provider, at = now): Payment {
  let current = payment
  for (let asked = 0; current.intent !== undefined; asked += 1) {
    expect(asked).toBeLessThan(100)
    const { intent } = current
    const facts = provider.answer(intent)
    current = facts === undefined ? refuse(current, intent, 'refused', at) : learn(current, facts, at)
  }
  return current
}

/** The payment after these wishes, each carried out before the next one comes. */
function after(steps: readonly Step[], provider = new Provider()): Payment {
  return steps.reduce((payment, step) => settle(step(payment), provider), blankPayment(order))
}

describe('a payment', () => {
  test('has the id of its order with another prefix, so that there is one', () => {
    expect(paymentIdOf('ord_0123')).toBe('pay_0123')
  })

  test('writes what it is about to ask together with why', () => {
    expect(authorize(blankPayment(order))).toMatchObject({ intent: { kind: 'authorize' }, dueAt: expect.any(Date) })
    expect(all(after([authorize])).intent).toEqual({ kind: 'capture', id: 'cap_1', amountMinor: 100, isFinal: true })
    expect(cancel(after([authorize])).intent).toEqual({ kind: 'void' })
    expect(cancel(authorize(blankPayment(order))).intent).toEqual({ kind: 'void' })
    expect(cancel(after([authorize, all])).intent).toEqual({ kind: 'refund', id: 'ref_1', amountMinor: 100 })
    expect(after([authorize])).not.toHaveProperty('dueAt')
  })

  test.each<[string, Step[], Payment['status'], number, number]>([
    ['is authorised', [authorize], 'authorized', 0, 0],
    ['is captured as a whole', [authorize, all], 'captured', 100, 0],
    ['is captured in parts', [authorize, part('ful_1', 40)], 'partially_captured', 40, 0],
    ['is captured in all its parts', [authorize, part('ful_1', 40), part('ful_2', 60, true)], 'captured', 100, 0],
    ['is refunded in parts', [authorize, all, back('ref_a', 30)], 'partially_refunded', 100, 30],
    ['is refunded in all its parts', [authorize, all, back('ref_a', 30), back('ref_b', 70)], 'refunded', 100, 100],
    ['is voided', [authorize, cancel], 'voided', 0, 0],
    ['gives back what is left', [authorize, all, back('ref_a', 30), cancel], 'refunded', 100, 100],
    ['voids the rest and gives back a part', [authorize, part('ful_1', 40), cancel], 'refunded', 40, 40],
    ['stays voided when its order comes late', [cancel, all, back('ref_a', 5), authorize], 'voided', 0, 0],
    [
      'never captures above what is held',
      [authorize, part('ful_1', 60), part('ful_2', 60)],
      'partially_captured',
      60,
      0,
    ],
    [
      'never refunds above what was captured',
      [authorize, all, back('ref_a', 70), back('ref_b', 70)],
      'partially_refunded',
      100,
      70,
    ],
    [
      'captures once what is asked for twice',
      [authorize, part('ful_1', 40), part('ful_1', 40)],
      'partially_captured',
      40,
      0,
    ],
    ['takes along a part that comes after all', [authorize, all, part('ful_1', 40)], 'captured', 100, 0],
    ['captures what parts have left', [authorize, part('ful_1', 40), all], 'captured', 100, 0],
  ])('%s', (_name, steps, status, capturedMinor, refundedMinor) => {
    const payment = after(steps)
    expect(payment).toMatchObject({ status, capturedMinor, refundedMinor })
    expect(sum(payment)).toBe(0)
  })

  test('keeps a refund until enough was captured, and fails one that never can be given', () => {
    const early = after([authorize, back('ref_a', 60)])
    expect(early.refunds).toMatchObject([{ state: 'wanted' }])
    expect(early.dueAt).toBeUndefined()
    expect(after([authorize, back('ref_a', 60), part('ful_1', 50)]).refunds).toMatchObject([{ state: 'wanted' }])
    expect(after([authorize, back('ref_a', 60), all]).refunds).toMatchObject([{ state: 'succeeded' }])
    expect(after([authorize, back('ref_a', 101)]).refunds).toMatchObject([{ state: 'failed' }])
    expect(after([authorize, back('ref_a', 60), cancel]).refunds).toMatchObject([{ state: 'failed' }])
    expect(after([back('ref_a', 60), authorize], new Provider(false)).refunds).toMatchObject([{ state: 'failed' }])
  })

  test('releases the rest a while after the last capture, unless an earlier one still comes', () => {
    const provider = new Provider()
    const last = after([authorize, part('ful_2', 50, true)], provider)
    expect(last).toMatchObject({ authorization: 'held', releaseAt: afterGrace, dueAt: afterGrace })
    const both = settle(part('ful_1', 30)(last), provider)
    expect(both).toMatchObject({ capturedMinor: 80, authorization: 'held' })
    expect(planned(both, now).intent).toBeUndefined()
    const released = settle(planned(both, afterGrace), provider, afterGrace)
    expect(released).toMatchObject({ status: 'captured', capturedMinor: 80, authorization: 'closed' })
    expect(provider.held).toBe('closed')
    expect(settle(part('ful_3', 20)(released), provider).captures.at(-1)).toMatchObject({ state: 'refused' })
  })

  test('releases nothing before everything has arrived that the order asked for', () => {
    const provider = new Provider()
    const asked: Step = (payment) =>
      wishCapture(payment, { id: 'ful_2', amountMinor: 50, isLast: true, askedMinor: 80 }, now)
    const last = after([authorize, asked], provider)
    expect([last.capturedMinor, last.authorization, last.releaseAt]).toEqual([50, 'held', undefined])
    const muchLater = new Date(now.getTime() + 100 * releaseGraceMs)
    expect(planned(last, muchLater).intent).toBeUndefined()
    const both = settle(part('ful_1', 30)(last), provider)
    expect(both).toMatchObject({ capturedMinor: 80, authorization: 'held', releaseAt: afterGrace })
    expect(settle(planned(both, afterGrace), provider, afterGrace)).toMatchObject({ authorization: 'closed' })
  })

  test('that costs nothing never reaches the provider', () => {
    const free: Step = (payment) =>
      wishAuthorized(payment, { ...asOrdered, amount: { amountMinor: 0, currency: 'EUR' } }, now)
    const nobody = new Provider()
    nobody.answer = () => {
      throw new Error('the provider was asked')
    }
    expect(after([free], nobody).status).toBe('authorized')
    expect(after([free, all], nobody)).toMatchObject({ status: 'captured', ledger: [] })
    expect(after([all, free], nobody)).toMatchObject({ status: 'captured', ledger: [] })
    expect(after([free, part('ful_1', 0), part('ful_2', 0, true)], nobody).status).toBe('captured')
    expect(after([free, all, back('ref_a', 0), back('ref_b', 1)], nobody).refunds).toMatchObject([
      { state: 'succeeded' },
      { state: 'failed' },
    ])
    for (const steps of [
      [free, cancel],
      [free, all, cancel],
      [cancel, free],
    ])
      expect(after(steps, nobody)).toMatchObject({ status: 'voided', ledger: [] })
  })

  test('books money back when a refund turns out to have failed', () => {
    const given = after([authorize, all, back('ref_a', 30)])
    const failed = {
      captures: [],
      refunds: [{ id: 'ref_a', amountMinor: 30, state: 'failed' as const, failure: 'closed' }],
    }
    const learned = learn(given, failed, now)
    expect(learned).toMatchObject({
      status: 'captured',
      refundedMinor: 0,
      refunds: [{ state: 'failed', failure: 'closed' }],
    })
    expect(sum(learned)).toBe(0)
    expect(refundableMinor(learned)).toBe(100)
    const late = { captures: [], refunds: [{ id: 'ref_a', amountMinor: 30, state: 'succeeded' as const }] }
    expect(learn(learned, late, now)).toBe(learned)
  })

  test('waits for a refund that the provider has only begun', () => {
    const wanting = back('ref_a', 30)(after([authorize, all]))
    const pending = { captures: [], refunds: [{ id: 'ref_a', amountMinor: 30, state: 'pending' as const }] }
    const waiting = learn(wanting, pending, now)
    expect(waiting).toMatchObject({ refundedMinor: 0, refunds: [{ state: 'pending' }], dueAt: expect.any(Date) })
    expect(waiting).not.toHaveProperty('intent')
    expect(refundableMinor(waiting)).toBe(70)
    const done = { captures: [], refunds: [{ id: 'ref_a', amountMinor: 30, state: 'succeeded' as const }] }
    expect(learn(waiting, done, now)).toMatchObject({ refundedMinor: 30, status: 'partially_refunded' })
  })

  test('believes that a void came too late', () => {
    const asked = all(after([authorize]))
    const cancelled = cancel(asked)
    expect(cancelled.intent).toEqual({ kind: 'void' })
    const late = learn(
      cancelled,
      { authorization: 'closed', captures: [{ id: 'cap_1', amountMinor: 100 }], refunds: [] },
      now,
    )
    expect(late).toMatchObject({
      capturedMinor: 100,
      intent: { kind: 'refund', id: restRefundIdOf(order), amountMinor: 100 },
    })
  })

  test('keeps why it was declined and asks for nothing more', () => {
    const facts = {
      authorization: 'declined' as const,
      declineReason: 'insufficient_funds' as const,
      captures: [],
      refunds: [],
    }
    const declined = learn(authorize(blankPayment(order)), facts, now)
    expect(declined).toMatchObject({ status: 'declined', declineReason: 'insufficient_funds' })
    expect(all(declined).captures).toMatchObject([{ state: 'refused' }])
    expect(cancel(declined)).not.toHaveProperty('intent')
    expect(learn(declined, { authorization: 'held', captures: [], refunds: [] }, now)).toBe(declined)
  })

  test('says no to what operators cannot have', () => {
    const [blank, held, closed, taken] = [
      after([]),
      after([authorize]),
      after([authorize, cancel]),
      after([authorize, all]),
    ]
    const code = (thrown: { code: string }) => expect.objectContaining({ code: thrown.code })
    expect(() => requireCapturable(blank, 1)).toThrow(code(NotAuthorized))
    expect(() => requireCapturable(held, 101)).toThrow(code(AboveAuthorized))
    expect(() => requireCapturable(wishCapture(held, { id: 'cap_x', amountMinor: 60 }, now), 41)).toThrow(
      code(AboveAuthorized),
    )
    expect(() => requireCapturable(all(held), 1)).toThrow(code(AboveAuthorized))
    expect(() => requireCapturable(taken, 1)).toThrow(code(NothingHeld))
    expect(() => requireVoidable(closed)).toThrow(code(AlreadyVoided))
    expect(() => requireVoidable(taken)).toThrow(code(NothingHeld))
    expect(() => requireVoidable(wishVoided(held, 'v', 'usr_1', now))).toThrow(code(AlreadyVoided))
    expect(() => requireRefundable(held, 1)).toThrow(code(NothingCaptured))
    expect(() => requireRefundable(taken, 101)).toThrow(code(AboveCaptured))
    expect(() => requireRefundable(back('ref_a', 60)(taken), 41)).toThrow(code(AboveCaptured))
    for (const fits of [
      () => requireCapturable(held, 100),
      () => requireVoidable(held),
      () => requireRefundable(taken, 100),
    ])
      expect(fits).not.toThrow()
  })
})

describe('wishes, repetitions and answers in any order', () => {
  const id = fc.integer({ min: 1, max: 4 })
  const amount = fc.integer({ min: 0, max: 120 })
  const wish = fc.oneof(
    fc.constant<Step>(authorize),
    fc.constant<Step>(all),
    fc.constant<Step>(cancel),
    fc.constant<Step>((payment) => wishVoided(payment, 'v', 'usr_1', now)),
    fc.record({ id, amount, isLast: fc.boolean() }).map((one): Step => part(`ful_${one.id}`, one.amount, one.isLast)),
    fc.record({ id, amount }).map((one): Step => back(`ref_${one.id}0`, one.amount)),
  )
  const action = fc.oneof(
    { weight: 3, arbitrary: fc.record({ do: fc.constant('wish' as const), wish }) },
    // A question is put; its answer is lost, or comes now, or at some later time, perhaps after others.
    {
      weight: 3,
      arbitrary: fc.record({ do: fc.constant('ask' as const), answer: fc.constantFrom('lost', 'now', 'late') }),
    },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('arrive' as const), which: fc.nat({ max: 5 }) }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('sweep' as const) }) },
  )
  const refused = fc.subarray(['ful_1', 'ful_2', 'ref_10', 'ref_20', 'cap_1', 'ref_1'])

  test('take and give back no more than there is, once each, and keep the ledger at zero', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 50 }), fc.boolean(), refused, (actions, approves, refuses) => {
        const provider = new Provider(approves, new Set(refuses))
        const underWay: ProviderFacts[] = []
        let current = blankPayment(order)
        let at = now
        const check = () => {
          expect(sum(current)).toBe(0)
          expect(current.capturedMinor).toBeLessThanOrEqual(provider.captured)
          expect(current.refundedMinor).toBeLessThanOrEqual(provider.refunded)
          expect(current.refundedMinor).toBeLessThanOrEqual(current.capturedMinor)
          expect(current.status).toBe(statusOf(current))
          expect(current.intent === undefined || current.dueAt !== undefined).toBe(true)
        }
        const ask = (answer: 'lost' | 'now' | 'late') => {
          const { intent } = current
          if (intent === undefined) return
          const facts = provider.answer(intent)
          if (facts === undefined) current = refuse(current, intent, 'refused', at)
          else if (answer === 'now') current = learn(current, facts, at)
          else if (answer === 'late') underWay.push(facts)
        }
        for (const one of actions) {
          if (one.do === 'wish') current = one.wish(current)
          if (one.do === 'ask') ask(one.answer)
          if (one.do === 'arrive')
            for (const facts of underWay.splice(one.which, 1)) current = learn(current, facts, at)
          if (one.do === 'sweep') {
            at = new Date(at.getTime() + releaseGraceMs)
            current = planned(current, at)
          }
          check()
        }
        // The sweeper carries on until there is nothing to ask, with old answers arriving in between.
        for (let sweeps = 0; sweeps < 60; sweeps += 1) {
          at = new Date(at.getTime() + releaseGraceMs)
          current = planned(current, at)
          ask('now')
          const old = underWay.shift()
          if (old !== undefined) current = learn(current, old, at)
          check()
        }
        expect(current.intent).toBeUndefined()
        expect(current.capturedMinor).toBe(provider.captured)
        expect(current.refundedMinor).toBe(provider.refunded)
        const mustBeUndone = current.isCancelled && !refuses.some((one) => one.startsWith('ref_'))
        const isUndone = current.capturedMinor === current.refundedMinor && provider.held !== 'held'
        expect(isUndone || !mustBeUndone).toBe(true)
        const isNothing = current.isCancelled && current.capturedMinor === 0 && current.authorization === 'closed'
        expect(isVoid(current) || !isNothing).toBe(true)
      }),
      { numRuns: 1500 },
    )
  })

  test('come to the same end whatever the order of arrival', () => {
    /** Of these amounts, those that fit into a total one after another. */
    const fitting = (amounts: readonly number[], total: number) =>
      amounts.filter((_, index) => amounts.slice(0, index + 1).reduce((a, b) => a + b) <= total)
    /** What an order asks for that ships in parts, or is paid at once, and gives back no more than that. */
    const wishes = fc
      .record({
        parts: fc.option(fc.array(fc.integer({ min: 0, max: 40 }), { minLength: 1, maxLength: 3 })),
        isLast: fc.boolean(),
        returns: fc.array(fc.integer({ min: 0, max: 20 }), { maxLength: 2 }),
        isCancelled: fc.boolean(),
      })
      .map(({ parts, isLast, returns, isCancelled }) => {
        const cuts = fitting(parts ?? [], 100)
        const taken = parts === null ? 100 : cuts.reduce((a, b) => a + b, 0)
        const captures = cuts.map((cut, index) => part(`ful_${index + 1}`, cut, isLast && index === cuts.length - 1))
        return [
          authorize,
          ...(parts === null ? [all] : captures),
          ...fitting(returns, taken).map((amountMinor, index) => back(`ref_${index + 1}0`, amountMinor)),
          ...(isCancelled ? [cancel] : []),
        ]
      })
    const orders = wishes.chain((steps) =>
      fc.record({
        first: fc.constant(steps),
        second: fc.shuffledSubarray([...steps, ...steps], { minLength: steps.length * 2 }),
        asks: fc.array(fc.boolean(), { minLength: steps.length * 2, maxLength: steps.length * 2 }),
      }),
    )
    const endOf = (steps: readonly Step[], asks: readonly boolean[]) => {
      const provider = new Provider()
      const arrived = steps.reduce((payment, step, index) => {
        const next = step(payment)
        return asks[index] === false ? next : settle(next, provider)
      }, blankPayment(order))
      let current = settle(arrived, provider)
      const at = new Date(now.getTime() + 2 * releaseGraceMs)
      current = settle(planned(current, at), provider, at)
      const byId = <T extends { id: string }>(items: readonly T[]) => items.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      const net = { net: provider.captured - provider.refunded, isHeld: provider.held === 'held' }
      if (current.isCancelled) return net
      return {
        ...net,
        status: current.status,
        captures: byId(current.captures).map(({ id: name, state, amountMinor }) => [name, state, amountMinor]),
        refunds: byId(current.refunds).map(({ id: name, state }) => [name, state]),
      }
    }
    fc.assert(
      fc.property(orders, ({ first, second, asks }) => {
        expect(endOf(second, asks)).toEqual(endOf(first, []))
      }),
      { numRuns: 2000 },
    )
  })
})
