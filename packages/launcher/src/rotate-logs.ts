import { readdirSync, renameSync } from 'node:fs'
import { join } from 'node:path'
import { hasCode } from './claim-port.ts'

/** Keeps the logs of the start before as `orders.previous.log`, and nothing older. */
export function rotateLogs(logDir: string): void {
  for (const name of filesIn(logDir)) {
    if (!name.endsWith('.log') || name.endsWith('.previous.log')) continue
    renameSync(join(logDir, name), join(logDir, name.replace(/\.log$/, '.previous.log')))
  }
}

function filesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder)
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return []
    throw error
  }
}
