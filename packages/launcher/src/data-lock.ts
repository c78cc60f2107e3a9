import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode, isAlive } from './claim-port.ts'
import { runsWith } from './process.ts'

/**
 * Makes this process the only one that works with the data folder; returns how to give it back. Throws
 * `already running (pid N) on …` when another one does. A lock left by a killed process is taken over.
 */
export async function lockDataFolder(dataDir: string): Promise<() => void> {
  mkdirSync(dataDir, { recursive: true })
  const file = join(dataDir, 'lock')
  for (;;) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return () => rmSync(file, { force: true })
    } catch (error) {
      if (!hasCode(error, 'EEXIST')) throw error
    }
    const owner = readOwner(file)
    // The id of a process that is gone may belong to a stranger by now, which is then no Node process.
    if (owner !== undefined && isAlive(owner) && (await runsWith(owner, 'node'))) {
      throw new Error(`already running (pid ${owner}) on the data folder ${dataDir}`)
    }
    rmSync(file, { force: true })
  }
}

function readOwner(file: string): number | undefined {
  try {
    return Number(readFileSync(file, 'utf8'))
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return undefined
    throw error
  }
}
