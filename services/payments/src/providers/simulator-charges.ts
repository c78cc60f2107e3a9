import { type Collection, type Db, Long, MongoServerError } from 'mongodb'
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

/** How often another call may be faster. */
const maxAttempts = 50

export function createSimulatorCharges(db: Db, now: () => Date): SimulatorCharges {
  const charges: Collection<SimulatedCharge> = db.collection('simulator_charges')

  const find = async (paymentId: string) => (await charges.findOne({ _id: paymentId })) ?? undefined

  return {
    find,
    findOrInsert: async (charge) => {
      try {
        await charges.insertOne({ ...charge, ...asLongs(charge) })
        return { charge, isNew: true }
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
      }
      return { charge: (await find(charge._id)) ?? charge, isNew: false }
    },
    change: async (paymentId, judge) => {
      for (let attempt = 0; attempt < maxAttempts; attempt += 1) {
        const before = await find(paymentId)
        if (before === undefined) throw ProviderUnclear({ paymentId, reason: 'unknown payment' })
        const after = judge(before)
        if ('refusal' in after) throw ProviderRefused({ paymentId, reason: after.refusal })
        if (after === before) return before
        const next = { ...after, revision: before.revision + 1, updatedAt: now() }
        const { _id, ...fields } = next
        const { matchedCount } = await charges.updateOne(
          { _id, revision: before.revision },
          { $set: { ...fields, ...asLongs(next) } },
        )
        if (matchedCount === 1) return next
      }
      throw ProviderUnclear({ paymentId, reason: 'too many calls at once' })
    },
    page: async (after, limit) =>
      await charges
        .find(after === undefined ? {} : { _id: { $gt: after } })
        .sort({ _id: 1 })
        .limit(limit)
        .toArray(),
  }
}

/** The driver would write larger amounts as doubles; it reads a Long back as the number that it was. */
const asLongs = ({ amountMinor, capturedMinor, refundedMinor }: SimulatedCharge): object => ({
  amountMinor: Long.fromNumber(amountMinor),
  capturedMinor: Long.fromNumber(capturedMinor),
  refundedMinor: Long.fromNumber(refundedMinor),
})
