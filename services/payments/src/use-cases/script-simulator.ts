import { defineError } from '@tradewind/service-kit/errors'
import type { SimulatorRule } from '../providers/simulator-script.ts'

const SimulatorNotInUse = defineError(
  'PAYMENTS_SIMULATOR_NOT_IN_USE',
  'not-found',
  'Payments are not made with the simulator here.',
)

export type NewRule = Partial<SimulatorRule> & Pick<SimulatorRule, 'step'>

/** Tells the simulated provider how to answer. Throws `SimulatorNotInUse` where payments are real. */
export type ScriptSimulator = (rule: NewRule) => Promise<SimulatorRule>

interface Ports {
  /** Missing where another provider is in use. */
  readonly script?: ((rule: SimulatorRule) => Promise<void>) | undefined
  readonly newId: (prefix: string) => string
}

export const makeScriptSimulator =
  ({ script, newId }: Ports): ScriptSimulator =>
  async (given) => {
    if (script === undefined) throw SimulatorNotInUse()
    const rule = { id: newId('scr'), outcome: 'as_usual', webhook: 'none', delayMs: 0, times: 1, ...given } as const
    await script(rule)
    return rule
  }
