import { setTimeout as delay } from 'node:timers/promises'
import { type Collection, type Db, Long, MongoServerError } from 'mongodb'
import type { DeclineReason, Money, ProviderState } from '../domain/payment.ts'
import { type PaymentProvider, ProviderUnclear } from './payment-provider.ts'

/** One charge in the simulated provider's own ledger. It knows nothing of orders. */
export interface SimulatedCharge {
  readonly _id: string
  readonly state: ProviderState['state']
  readonly reason?: DeclineReason
  readonly amountMinor: Long | number
  readonly currency: string
  readonly method: string
  /** Amount taken and given back so far, and how often: more than once would be a double charge. */
  readonly captures: number
  readonly refunds: number
  readonly updatedAt: Date
}

/** How long `pm_slow` takes. */
const slowMs = 2000

const declines: Readonly<Record<string, DeclineReason>> = {
  pm_decline: 'payment_declined',
  pm_insufficient_funds: 'insufficient_funds',
}

/**
 * A payment provider that behaves by payment method and keeps a ledger in a collection of its own:
 * `pm_approve`; `pm_decline`; `pm_insufficient_funds`; `pm_slow` (two seconds); `pm_timeout_then_charge` (the first answer
 * is lost, the charge is made); `pm_timeout_no_charge` (the first request is lost); `pm_error_once` (a fault, then
 * approved). Any other method is declined.
 */
export function createSimulator(db: Db, now: () => Date): PaymentProvider {
  const charges: Collection<SimulatedCharge> = db.collection('simulator_charges')

  /** Changes a charge that is in one of these states, and answers with what it is afterwards. */
  async function change(paymentId: string, from: ProviderState['state'][], to: Partial<SimulatedCharge>, count = {}) {
    await charges.updateOne(
      { _id: paymentId, state: { $in: from } },
      { $set: { ...to, updatedAt: now() }, ...(Object.keys(count).length > 0 && { $inc: count }) },
    )
    const charge = await charges.findOne({ _id: paymentId })
    if (charge === null) throw ProviderUnclear({ paymentId, reason: 'unknown payment' })
    return stateOf(charge)
  }

  async function insert(charge: SimulatedCharge): Promise<boolean> {
    try {
      await charges.insertOne(charge)
      return true
    } catch (error) {
      if (error instanceof MongoServerError && error.code === 11000) return false
      throw error
    }
  }

  const newCharge = (paymentId: string, amount: Money, method: string): SimulatedCharge => ({
    _id: paymentId,
    ...outcome(method),
    amountMinor: Long.fromNumber(amount.amountMinor),
    currency: amount.currency,
    method,
    captures: 0,
    refunds: 0,
    updatedAt: now(),
  })

  return {
    name: 'simulator',
    authorize: async (paymentId, amount, method) => {
      if (method === 'pm_slow') await delay(slowMs)
      if (loses.has(method) && (await isFirstCall(db, paymentId, now()))) {
        throw ProviderUnclear({ paymentId, reason: 'the request was lost' })
      }
      const charge = newCharge(paymentId, amount, method)
      if (await insert(charge)) {
        if (method === 'pm_timeout_then_charge') throw ProviderUnclear({ paymentId, reason: 'the answer was lost' })
        return stateOf(charge)
      }
      return await change(paymentId, [], {})
    },
    capture: (paymentId) => change(paymentId, ['authorized'], { state: 'captured' }, { captures: 1 }),
    void: async (paymentId) => {
      const nothing = { amountMinor: Long.ZERO, currency: 'XXX', method: 'none', captures: 0, refunds: 0 }
      if (await insert({ _id: paymentId, state: 'voided', ...nothing, updatedAt: now() })) return { state: 'voided' }
      return await change(paymentId, ['authorized'], { state: 'voided' })
    },
    refund: (paymentId) => change(paymentId, ['captured'], { state: 'refunded' }, { refunds: 1 }),
  }
}

/** Methods whose first request never arrives. */
const loses = new Set(['pm_timeout_no_charge', 'pm_error_once'])

/** Approving methods; what is not listed is declined. */
const approves = new Set(['pm_approve', 'pm_slow', 'pm_timeout_then_charge', 'pm_timeout_no_charge', 'pm_error_once'])

const outcome = (method: string): Pick<SimulatedCharge, 'state' | 'reason'> =>
  approves.has(method) ? { state: 'authorized' } : { state: 'declined', reason: declines[method] ?? 'payment_declined' }

function stateOf({ state, reason = 'payment_declined' }: SimulatedCharge): ProviderState {
  return state === 'declined' ? { state, reason } : { state }
}

/** Remembers that a request came, so that only the first one is lost. */
async function isFirstCall(db: Db, paymentId: string, at: Date): Promise<boolean> {
  try {
    await db.collection<{ _id: string; at: Date }>('simulator_lost_requests').insertOne({ _id: paymentId, at })
    return true
  } catch (error) {
    if (error instanceof MongoServerError && error.code === 11000) return false
    throw error
  }
}
