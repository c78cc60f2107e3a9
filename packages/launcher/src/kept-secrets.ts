import { randomBytes } from 'node:crypto'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from './claim-port.ts'
import type { Environment } from './component-specs.ts'

/** Settings that must be secret and must stay the same for as long as the data does, each with how one is made. */
const newKey = () => `local:${randomBytes(32).toString('base64')}`
const makers: Readonly<Record<string, () => string>> = {
  AUTH_KEYS: newKey,
  NOTIFICATIONS_KEYS: newKey,
}

const fileName = 'secrets.json'

/**
 * Secrets that services need and nobody gave: made once for a data folder, in a file that only this user can read. The
 * caller makes sure that nobody else works with the folder.
 */
export function keptSecrets(dataDir: string): Environment {
  const file = join(dataDir, fileName)
  const known = readSecrets(file)
  const missing = Object.keys(makers).filter((name) => known[name] === undefined)
  if (missing.length === 0) return known
  const all = { ...known, ...Object.fromEntries(missing.map((name) => [name, makers[name]?.()])) }
  mkdirSync(dataDir, { recursive: true })
  writeFileSync(file, JSON.stringify(all), { mode: 0o600 })
  return all
}

function readSecrets(file: string): Environment {
  try {
    const value: unknown = JSON.parse(readFileSync(file, 'utf8'))
    if (typeof value !== 'object' || value === null) throw new Error(`${file} does not hold secrets`)
    return Object.fromEntries(Object.entries(value).map(([name, secret]) => [name, String(secret)]))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return {}
    throw error
  }
}
