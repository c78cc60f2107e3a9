import { AggregateNotFound, createAggregateStore, DuplicateKey } from '@tradewind/database/aggregate-store'
import { changed, unchanged } from '@tradewind/database/decision'
import type { Db } from 'mongodb'
import { ProviderRefused, ProviderUnclear } from './payment-provider.ts'
import type { Judgement, SimulatedCharge } from './simulated-charge.ts'

/** The simulated provider's ledger, in a collection of its own. */
export interface SimulatorCharges {
  readonly find: (paymentId: string) => Promise<SimulatedCharge | undefined>
  /** The charge as it is, new or from before. */
  readonly findOrInsert: (charge: SimulatedCharge) => Promise<{ charge: SimulatedCharge; isNew: boolean }>
  /** Throws `ProviderRefused` where the judgement says so, and `ProviderUnclear` for a payment that was never begun. */
  readonly change: (paymentId: string, judge: (charge: SimulatedCharge) => Judgement) => Promise<SimulatedCharge>
  /** In the order of their ids. */
  readonly page: (after: string | undefined, limit: number) => Promise<SimulatedCharge[]>
}

export function createSimulatorCharges(db: Db, now: () => Date): SimulatorCharges {
  const store = createAggregateStore<SimulatedCharge>(db, 'simulator_charges', { now })
  return {
    find: store.find,
    findOrInsert: async (charge) => {
      try {
        return { charge: await store.insert(charge), isNew: true }
      } catch (error) {
        if (!DuplicateKey.is(error)) throw error
      }
      return { charge: (await store.find(charge.id)) ?? charge, isNew: false }
    },
    change: async (paymentId, judge) => {
      try {
        return await store.update(paymentId, (before) => {
          const after = judge(before)
          if ('refusal' in after) throw ProviderRefused({ paymentId, reason: after.refusal })
          return after === before ? unchanged() : changed(after)
        })
      } catch (error) {
        if (!AggregateNotFound.is(error)) throw error
        throw ProviderUnclear({ paymentId, reason: 'unknown payment' }, { cause: error })
      }
    },
    page: async (after, limit) => {
      const found = await store.collection
        .find(after === undefined ? {} : { _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray()
      return found.map(store.toState)
    },
  }
}
