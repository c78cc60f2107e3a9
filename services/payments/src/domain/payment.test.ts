import * as fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import {
  applyProviderState,
  createPayment,
  nextStep,
  type Payment,
  type ProviderState,
  paymentIdOf,
  postponed,
  tombstone,
  type Wish,
  wishFor,
} from './payment.ts'

const now = new Date('2026-03-01T10:00:00Z')
const later = new Date('2026-03-01T10:00:10Z')
const amount = { amountMinor: 2500, currency: 'EUR' }
const payment = createPayment('ord_1', amount, 'pm_approve', now)
const answered = (before: Payment, ...states: readonly ProviderState['state'][]): Payment =>
  states.reduce((current, state) => applyProviderState(current, stateOf(state), now), before)
const stateOf = (state: ProviderState['state']): ProviderState =>
  state === 'declined' ? { state, reason: 'insufficient_funds' } : { state }
const sum = ({ ledger }: Payment) => ledger.reduce((total, { amountMinor }) => total + amountMinor, 0)

describe('a payment', () => {
  test('has the id of its order with another prefix, so that there is one', () => {
    expect(paymentIdOf('ord_0123')).toBe('pay_0123')
    expect(payment).toMatchObject({ id: 'pay_1', status: 'authorizing', wish: 'authorized', dueAt: later })
  })

  test('asks the provider for what its order wants, step by step', () => {
    expect(nextStep(payment)).toBe('authorize')
    const authorized = answered(payment, 'authorized')
    expect([nextStep(authorized), authorized.dueAt]).toEqual([undefined, undefined])
    expect(nextStep(wishFor(authorized, 'captured', now))).toBe('capture')
    expect(nextStep(wishFor(authorized, 'cancelled', now))).toBe('void')
    expect(nextStep(wishFor(answered(authorized, 'captured'), 'cancelled', now))).toBe('refund')
    expect(nextStep(wishFor(payment, 'captured', now))).toBe('authorize')
    expect(nextStep(wishFor(payment, 'cancelled', now))).toBe('void')
  })

  test('never wants its money again after a cancellation', () => {
    const cancelled = wishFor(payment, 'cancelled', now)
    for (const wish of ['authorized', 'captured', 'cancelled'] as const)
      expect(wishFor(cancelled, wish, now)).toBe(cancelled)
  })

  test('books a capture and a refund once each, and both sides of them', () => {
    const captured = answered(payment, 'authorized', 'captured')
    expect(captured).toMatchObject({ capturedMinor: 2500, refundedMinor: 0 })
    expect(captured.ledger.map(({ account, amountMinor }) => [account, amountMinor])).toEqual([
      ['provider', 2500],
      ['order', -2500],
    ])
    expect(answered(captured, 'captured')).toBe(captured)
    const refunded = answered(captured, 'refunded')
    expect(refunded).toMatchObject({ capturedMinor: 2500, refundedMinor: 2500 })
    expect(answered(refunded, 'refunded', 'captured', 'authorized', 'voided')).toBe(refunded)
    expect([sum(captured), sum(refunded)]).toEqual([0, 0])
  })

  test('believes what the provider says, also that a void came too late', () => {
    const late = answered(wishFor(answered(payment, 'authorized'), 'cancelled', now), 'captured')
    expect([late.status, nextStep(late)]).toEqual(['captured', 'refund'])
  })

  test('keeps why it was declined and asks for nothing more', () => {
    const declined = answered(payment, 'declined')
    expect(declined).toMatchObject({ status: 'declined', declineReason: 'insufficient_funds' })
    expect(nextStep(wishFor(declined, 'captured', now))).toBeUndefined()
    expect(answered(declined, 'authorized', 'captured', 'voided')).toBe(declined)
  })

  test('of an order that was cancelled before it came is voided and asks for nothing', () => {
    const dead = tombstone('ord_1')
    expect(dead).toMatchObject({ id: 'pay_1', status: 'voided', wish: 'cancelled' })
    expect(nextStep(dead)).toBeUndefined()
    expect(answered(wishFor(dead, 'captured', now), 'authorized', 'captured')).toBe(dead)
  })

  test('is put off while it waits for an answer, and only then', () => {
    expect(postponed(payment, later).dueAt).toEqual(new Date('2026-03-01T10:00:20Z'))
    const authorized = answered(payment, 'authorized')
    expect(postponed(authorized, later)).toBe(authorized)
  })
})

/** A provider as it should be: one charge, each step once, whatever it is asked and how often. */
class Provider {
  state: ProviderState['state'] | 'unknown' = 'unknown'
  captures = 0
  refunds = 0
  readonly approves: boolean

  constructor(approves: boolean) {
    this.approves = approves
  }

  answer(step: ReturnType<typeof nextStep>): ProviderState {
    if (step === 'authorize' && this.state === 'unknown') this.state = this.approves ? 'authorized' : 'declined'
    if (step === 'void' && (this.state === 'unknown' || this.state === 'authorized')) this.state = 'voided'
    if (step === 'capture' && this.state === 'authorized') {
      this.state = 'captured'
      this.captures += 1
    }
    if (step === 'refund' && this.state === 'captured') {
      this.state = 'refunded'
      this.refunds += 1
    }
    if (this.state === 'unknown') throw new Error(`a ${step} of what was never authorised`)
    return stateOf(this.state)
  }
}

describe('wishes and answers in any order', () => {
  const wish = fc.constantFrom<Wish>('authorized', 'captured', 'cancelled')
  const action = fc.oneof(
    fc.record({ do: fc.constant('wish' as const), wish }),
    // A question is put; its answer is lost, or comes now, or comes at some later time, perhaps after others.
    fc.record({ do: fc.constant('ask' as const), answer: fc.constantFrom('lost', 'now', 'late') }),
    fc.record({ do: fc.constant('arrive' as const), which: fc.nat({ max: 5 }) }),
  )

  test('capture at most once, keep the ledger at zero, and never keep money of a cancelled order', () => {
    fc.assert(
      fc.property(fc.array(action, { maxLength: 40 }), fc.boolean(), (actions, approves) => {
        const provider = new Provider(approves)
        const underWay: ProviderState[] = []
        let current = payment
        const ask = () => {
          const step = nextStep(current)
          return step === undefined ? undefined : provider.answer(step)
        }
        const check = () => {
          expect(sum(current)).toBe(0)
          expect(provider.captures).toBeLessThanOrEqual(1)
          expect(current.dueAt !== undefined).toBe(nextStep(current) !== undefined)
        }
        for (const one of actions) {
          if (one.do === 'wish') current = wishFor(current, one.wish, now)
          const answer = one.do === 'ask' ? ask() : undefined
          if (one.do === 'ask' && one.answer === 'now' && answer !== undefined) {
            current = applyProviderState(current, answer, now)
          }
          if (one.do === 'ask' && one.answer === 'late' && answer !== undefined) underWay.push(answer)
          const [arrived] = one.do === 'arrive' ? underWay.splice(one.which, 1) : []
          if (arrived !== undefined) current = applyProviderState(current, arrived, now)
          check()
        }
        // The sweeper carries on until there is nothing to ask, with old answers arriving in between.
        for (let sweeps = 0; nextStep(current) !== undefined; sweeps += 1) {
          expect(sweeps).toBeLessThan(6)
          const answer = ask()
          if (answer !== undefined) current = applyProviderState(current, answer, now)
          const old = underWay.shift()
          if (old !== undefined) current = applyProviderState(current, old, now)
          check()
        }
        const kept = provider.captures - provider.refunds
        expect(current.capturedMinor - current.refundedMinor).toBe(kept * amount.amountMinor)
        expect(provider.state).toBe(current.status)
        const mayEndAs: Record<Wish, readonly string[]> = {
          authorized: ['authorized', 'declined'],
          captured: ['captured', 'declined'],
          cancelled: ['voided', 'refunded', 'declined'],
        }
        expect(mayEndAs[current.wish]).toContain(current.status)
      }),
      { numRuns: 2000 },
    )
  })
})
