import { setTimeout as delay } from 'node:timers/promises'
import { type Db, MongoServerError } from 'mongodb'
import type { DeclineReason } from '../domain/payment.ts'
import { type PaymentProvider, type PaymentTarget, ProviderRefused, ProviderUnclear } from './payment-provider.ts'
import { captureCharge, newCharge, recordOf, refundCharge, voidCharge } from './simulated-charge.ts'
import { createSimulatorCharges } from './simulator-charges.ts'
import {
  createSimulatorScript,
  type SimulatorBehaviour,
  type SimulatorScript,
  type SimulatorStep,
} from './simulator-script.ts'
import { createSimulatorWebhooks, type SimulatorWebhooks } from './simulator-webhooks.ts'

/** The simulated provider with what tests and developers have over it, and operators of a real one do not. */
export interface Simulator extends PaymentProvider {
  readonly script: SimulatorScript['add']
  readonly deliverWebhooks: SimulatorWebhooks['deliver']
}

/** How long `pm_slow` takes. */
const slowMs = 2000

const pageSize = 100

const declines: Readonly<Record<string, DeclineReason>> = {
  pm_decline: 'payment_declined',
  pm_insufficient_funds: 'insufficient_funds',
}
/** Methods whose first request never arrives. */
const loses = new Set(['pm_timeout_no_charge', 'pm_error_once'])
/** Approving methods; what is not listed is declined. */
const approves = new Set(['pm_approve', 'pm_slow', 'pm_timeout_then_charge', 'pm_timeout_no_charge', 'pm_error_once'])

const usual: SimulatorBehaviour = { outcome: 'as_usual', webhook: 'none', delayMs: 0 }

/**
 * A payment provider that keeps a ledger in a collection of its own and behaves by payment method: `pm_approve`;
 * `pm_decline`; `pm_insufficient_funds`; `pm_slow` (two seconds); `pm_timeout_then_charge` (the first answer is lost, the
 * charge is made); `pm_timeout_no_charge` (the first request is lost); `pm_error_once` (a fault, then approved). Any other
 * method is declined. Beyond that its script says how it answers.
 */
export function createSimulator(db: Db, now: () => Date): Simulator {
  const charges = createSimulatorCharges(db, now)
  const script = createSimulatorScript(db, now)
  const webhooks = createSimulatorWebhooks(db, now)

  /** One call: what the script says of it around what the provider does. */
  async function perform<T>(
    step: SimulatorStep,
    { paymentId, method }: PaymentTarget,
    effect: (behaviour: SimulatorBehaviour) => Promise<T>,
  ): Promise<T> {
    const behaviour = (await script.take({ step, paymentId, method })) ?? usual
    const { outcome, webhook, delayMs } = behaviour
    if (delayMs > 0) await delay(delayMs)
    if (outcome === 'timeout_before') throw ProviderUnclear({ paymentId, reason: 'the request was lost' })
    if (outcome === 'error') throw ProviderUnclear({ paymentId, reason: 'the provider failed' })
    if (outcome === 'refuse') throw ProviderRefused({ paymentId, reason: 'the provider refuses' })
    const answer = await effect(behaviour)
    await webhooks.announce(paymentId, step, webhook)
    if (outcome === 'timeout_after') throw ProviderUnclear({ paymentId, reason: 'the answer was lost' })
    return answer
  }

  return {
    name: 'simulator',
    script: script.add,
    deliverWebhooks: webhooks.deliver,
    readWebhook: webhooks.read,
    authorize: (target) =>
      perform('authorize', target, async ({ outcome }) => {
        const { paymentId, method } = target
        if (method === 'pm_slow') await delay(slowMs)
        if (loses.has(method) && (await isFirstCall(db, paymentId, now()))) {
          throw ProviderUnclear({ paymentId, reason: 'the request was lost' })
        }
        const reason = declineOf(method, outcome)
        const fresh = newCharge(target, reason === undefined ? 'authorized' : 'declined')
        const { charge, isNew } = await charges.findOrInsert({ ...fresh, ...(reason !== undefined && { reason }) })
        if (isNew && method === 'pm_timeout_then_charge') {
          throw ProviderUnclear({ paymentId, reason: 'the answer was lost' })
        }
        return recordOf(charge)
      }),
    capture: (target, part, isFinal) =>
      perform('capture', target, async () =>
        recordOf(await charges.change(target.paymentId, (charge) => captureCharge(charge, part, isFinal))),
      ),
    void: (target) =>
      perform('void', target, async () => {
        const { charge, isNew } = await charges.findOrInsert(newCharge(target, 'voided'))
        return recordOf(isNew ? charge : await charges.change(target.paymentId, voidCharge))
      }),
    refund: (target, part) =>
      perform('refund', target, async () =>
        recordOf(await charges.change(target.paymentId, (charge) => refundCharge(charge, part))),
      ),
    lookUp: (target) =>
      perform('look_up', target, async () => {
        const charge = await charges.find(target.paymentId)
        return charge === undefined ? undefined : recordOf(charge)
      }),
    list: async (_from, after) => {
      const found = await charges.page(after, pageSize)
      const last = found.at(-1)
      return { items: found.map(recordOf), ...(found.length === pageSize && last !== undefined && { next: last.id }) }
    },
  }
}

function declineOf(method: string, outcome: SimulatorBehaviour['outcome']): DeclineReason | undefined {
  if (outcome === 'decline') return 'payment_declined'
  if (outcome === 'insufficient_funds') return 'insufficient_funds'
  return approves.has(method) ? undefined : (declines[method] ?? 'payment_declined')
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
