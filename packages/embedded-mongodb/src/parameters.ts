import { isNumeric, toNumber } from './bson/numbers.ts'
import { typeName } from './bson/type-names.ts'
import type { Value } from './bson/values.ts'
import { CommandError } from './errors.ts'

/** What `setParameter` may change while the server runs. */
export interface Parameters {
  ttlMonitorEnabled: boolean
  /** Seconds between two passes that remove expired documents. */
  ttlMonitorSleepSecs: number
}

export const DEFAULT_PARAMETERS: Parameters = { ttlMonitorEnabled: true, ttlMonitorSleepSecs: 60 }

/** What `getParameter` shows beside, and nothing changes. */
export const FIXED_PARAMETERS: Record<string, Value> = {
  authenticationMechanisms: [],
  enableTestCommands: false,
  logLevel: 0,
  notablescan: false,
  quiet: false,
}

/** Sets a parameter and returns the value that it had. */
export function setParameter(parameters: Parameters, name: string, value: Value): Value {
  if (name === 'ttlMonitorEnabled') {
    if (typeof value !== 'boolean') throw wrongType(name, value)
    const was = parameters.ttlMonitorEnabled
    parameters.ttlMonitorEnabled = value
    return was
  }
  if (name !== 'ttlMonitorSleepSecs') {
    throw new CommandError(
      'InvalidOptions',
      `attempted to set unrecognized parameter [${name}], use help:true to see options `,
    )
  }
  if (!isNumeric(value)) throw wrongType(name, value)
  const seconds = Math.trunc(toNumber(value))
  if (!(seconds > 0 && seconds <= 2147483647)) {
    throw new CommandError('BadValue', `Invalid value for parameter ${name}: ${seconds} is not greater than 0`)
  }
  const was = parameters.ttlMonitorSleepSecs
  parameters.ttlMonitorSleepSecs = seconds
  return was
}

function wrongType(name: string, value: Value): CommandError {
  return new CommandError('TypeMismatch', `Invalid value for parameter ${name}: cannot be of type ${typeName(value)}`)
}
