import {
  type PaymentProvider,
  type PaymentTarget,
  ProviderRefused,
  ProviderUnclear,
} from '@tradewind/payments/providers/payment-provider.ts'
import {
  captureCharge,
  type Judgement,
  newCharge,
  recordOf,
  refundCharge,
  type SimulatedCharge,
  voidCharge,
} from '@tradewind/payments/providers/simulated-charge.ts'
import type { Chance } from '@tradewind/testkit/chance'
import { type FaultKind, likelihood } from './faults.ts'

interface Options {
  readonly charges: Map<string, SimulatedCharge>
  readonly chance: Chance
  readonly faults: ReadonlySet<FaultKind>
}

/** The simulated provider without its database. Any request, and any answer, may be lost. */
export function createProviderInMemory({ charges, chance, faults }: Options): PaymentProvider {
  const maybeLost = (paymentId: string, reason: string) => {
    if (faults.has('provider') && chance.isHit(likelihood.provider)) throw ProviderUnclear({ paymentId, reason })
  }

  async function perform<T>({ paymentId }: PaymentTarget, effect: () => T): Promise<T> {
    maybeLost(paymentId, 'the request was lost')
    const answer = effect()
    maybeLost(paymentId, 'the answer was lost')
    return answer
  }

  function change(paymentId: string, judge: (charge: SimulatedCharge) => Judgement) {
    const before = charges.get(paymentId)
    if (before === undefined) throw ProviderUnclear({ paymentId, reason: 'unknown payment' })
    const after = judge(before)
    if ('refusal' in after) throw ProviderRefused({ paymentId, reason: after.refusal })
    charges.set(paymentId, after)
    return recordOf(after)
  }

  function begin(target: PaymentTarget, state: SimulatedCharge['state']): SimulatedCharge {
    const { paymentId } = target
    const known = charges.get(paymentId)
    if (known !== undefined) return known
    const charge = newCharge(target, state)
    charges.set(paymentId, charge)
    return charge
  }

  return {
    name: 'simulator',
    authorize: (target) =>
      perform(target, () => recordOf(begin(target, target.method === 'pm_decline' ? 'declined' : 'authorized'))),
    capture: (target, part, isFinal) =>
      perform(target, () => change(target.paymentId, (charge) => captureCharge(charge, part, isFinal))),
    void: (target) =>
      perform(target, () => {
        begin(target, 'voided')
        return change(target.paymentId, voidCharge)
      }),
    refund: (target, part) => perform(target, () => change(target.paymentId, (charge) => refundCharge(charge, part))),
    lookUp: (target) =>
      perform(target, () => {
        const charge = charges.get(target.paymentId)
        return charge === undefined ? undefined : recordOf(charge)
      }),
    list: () => Promise.resolve({ items: [...charges.values()].map(recordOf) }),
    readWebhook: () => Promise.reject(new Error('the simulation sends no webhooks')),
  }
}
