import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from './claim-port.ts'
import type { StartOptions } from './start-options.ts'
import type { Operator } from './system.ts'

/** What a data folder says about its first start. */
export interface FirstStart {
  readonly isDone: boolean
  /** Passed to auth; nothing once the first start is done, unless the account is named in the environment. */
  readonly operator: Operator | undefined
  /** True when the password was generated here and nobody has seen it yet. */
  readonly isGenerated: boolean
  readonly operatorEmail: string
  /** Remembers that everything is there, and forgets the generated password. */
  readonly markDone: () => void
}

/** The files of a data folder, so that `--fresh` removes these and nothing else. */
const ownFiles = ['mongodb', 'nats', 'logs', 'first-start.json', 'operator.json', 'secrets.json']

/**
 * Reads the data folder. A generated password lies in a file that only this user can read until the first start is through,
 * so that an interrupted one goes on with the same account.
 */
export function readFirstStart(options: StartOptions): FirstStart {
  const { dataDir, operatorEmail: email, operatorPassword, operatorGiven } = options
  const marker = join(dataDir, 'first-start.json')
  const kept = join(dataDir, 'operator.json')
  const doneFor = readJsonText(marker, 'operatorEmail')
  const isDone = doneFor !== undefined
  const password = operatorPassword ?? (isDone ? undefined : (readJsonText(kept, 'password') ?? generatePassword()))
  const isGenerated = !isDone && operatorPassword === undefined
  if (isGenerated) {
    mkdirSync(dataDir, { recursive: true })
    writeFileSync(kept, JSON.stringify({ email, password }), { mode: 0o600 })
  }
  const isPassedOn = password !== undefined && (operatorGiven || !isDone)
  return {
    isDone,
    operator: isPassedOn ? { email, password } : undefined,
    isGenerated,
    operatorEmail: operatorGiven ? email : (doneFor ?? email),
    markDone: () => {
      writeFileSync(marker, JSON.stringify({ doneAt: new Date().toISOString(), operatorEmail: email }))
      rmSync(kept, { force: true })
    },
  }
}

/** Removes what earlier starts kept. The caller holds the lock. */
export function dropData(dataDir: string): void {
  for (const name of ownFiles) rmSync(join(dataDir, name), { recursive: true, force: true })
}

/** 144 bits, easy to select with a double click. */
const generatePassword = (): string => randomBytes(18).toString('base64url').replaceAll('-', 'x').replaceAll('_', 'y')

function readJsonText(file: string, key: string): string | undefined {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined
    return typeof found === 'string' ? found : undefined
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
