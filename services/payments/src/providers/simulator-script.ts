import { defineError } from '@tradewind/service-kit/errors'
import type { Collection, Db } from 'mongodb'

export type SimulatorStep = 'authorize' | 'capture' | 'void' | 'refund' | 'look_up'

/** How the simulated provider is to answer. */
export interface SimulatorBehaviour {
  readonly outcome:
    | 'as_usual'
    | 'decline'
    | 'insufficient_funds'
    | 'refuse'
    | 'timeout_before'
    | 'timeout_after'
    | 'error'
  readonly webhook: 'none' | 'once' | 'twice' | 'late' | 'reversed' | 'forged'
  readonly delayMs: number
}

/** A rule for the next calls, of one payment or one method where it names them. */
export interface SimulatorRule extends SimulatorBehaviour {
  readonly id: string
  readonly step: SimulatorStep
  readonly method?: string
  readonly paymentId?: string
  readonly times: number
}

export interface SimulatorCall {
  readonly step: SimulatorStep
  readonly paymentId: string
  readonly method: string
}

export interface SimulatorScript {
  /** Throws `TooManyRules`. */
  readonly add: (rule: SimulatorRule) => Promise<void>
  /** The oldest rule that fits a call, used up by one; undefined where there is none. */
  readonly take: (call: SimulatorCall) => Promise<SimulatorBehaviour | undefined>
}

export const TooManyRules = defineError(
  'PAYMENTS_TOO_MANY_RULES',
  'conflict',
  'So many rules wait for their calls already. They are forgotten after an hour.',
)

interface StoredRule extends Omit<SimulatorRule, 'id'> {
  readonly _id: string
  readonly at: Date
}

const maxRules = 200
const rulesLastMs = 3600_000
/** How long another replica's rules may go unnoticed. */
const reloadMs = 500

/** Rules live in the database, so that every replica plays the same piece; a call without any costs no command. */
export function createSimulatorScript(db: Db, now: () => Date): SimulatorScript {
  const rules: Collection<StoredRule> = db.collection('simulator_rules')
  let known: readonly StoredRule[] = []
  let loadedAt = Number.NEGATIVE_INFINITY
  let loading: Promise<void> | undefined

  const load = () => (loading ??= read().finally(() => (loading = undefined)))

  async function read(): Promise<void> {
    await rules.deleteMany({ at: { $lt: new Date(now().getTime() - rulesLastMs) } })
    known = await rules
      .find({ times: { $gt: 0 } })
      .sort({ _id: 1 })
      .limit(maxRules)
      .toArray()
    loadedAt = performance.now()
  }

  const fits = (rule: StoredRule, { step, paymentId, method }: SimulatorCall) =>
    rule.step === step &&
    (rule.paymentId === undefined || rule.paymentId === paymentId) &&
    (rule.method === undefined || rule.method === method)

  return {
    add: async ({ id, ...rule }) => {
      await load()
      if (known.length >= maxRules) throw TooManyRules()
      await rules.insertOne({ _id: id, ...rule, at: now() })
      await loading
      await load()
    },
    take: async (call) => {
      if (performance.now() - loadedAt > reloadMs) await load()
      for (const rule of known.filter((one) => fits(one, call))) {
        const { matchedCount } = await rules.updateOne({ _id: rule._id, times: { $gt: 0 } }, { $inc: { times: -1 } })
        if (matchedCount === 1) return rule
      }
      return undefined
    },
  }
}
