import { resolve } from 'node:path'
import { parseArgs } from 'node:util'

export interface StartOptions {
  readonly once: boolean
  readonly fresh: boolean
  readonly help: boolean
  readonly port: number
  readonly dataDir: string
  readonly operatorEmail: string
  /** Generated on the first start when it is not given. */
  readonly operatorPassword: string | undefined
  /** True when e-mail or password were given, so that they are passed on at every start. */
  readonly operatorGiven: boolean
}

const defaultPort = 8080
const shortestPassword = 8
const root = resolve(import.meta.dirname, '../../..')

/** Reads the command line and the environment of `npm start`. Throws with one line for anything that is wrong. */
export function readStartOptions(args: readonly string[], env: NodeJS.ProcessEnv): StartOptions {
  const { values } = parseArgs({
    args: [...args],
    options: {
      once: { type: 'boolean', default: false },
      fresh: { type: 'boolean', default: false },
      help: { type: 'boolean', short: 'h', default: false },
    },
  })
  const email = env['TRADEWIND_OPERATOR_EMAIL'] || undefined
  const password = env['TRADEWIND_OPERATOR_PASSWORD'] || undefined
  if (password !== undefined && password.length < shortestPassword) {
    throw new Error(`TRADEWIND_OPERATOR_PASSWORD must have at least ${shortestPassword} characters`)
  }
  return {
    ...values,
    port: readPort(env['TRADEWIND_PORT']),
    dataDir: resolve(env['TRADEWIND_DATA_DIR'] || `${root}/.data/system`),
    operatorEmail: email ?? 'operator@tradewind.example',
    operatorPassword: password,
    operatorGiven: email !== undefined || password !== undefined,
  }
}

function readPort(value: string | undefined): number {
  if (value === undefined || value === '') return defaultPort
  const port = Number(value)
  if (!/^\d+$/.test(value) || port < 1 || port > 65_535) {
    throw new Error(`TRADEWIND_PORT must be a port from 1 to 65535, not “${value}”`)
  }
  return port
}
