import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

export interface ClockFault {
  readonly offsetMs: number
  /** Epoch milliseconds at which it stands still. */
  readonly frozenAt?: number
}

/** Names the folder with the files that say how the clocks go. */
export const clockFolderVariable = 'TRADEWIND_CHAOS_CLOCKS'
export const clockFileOf = (service: string): string => `${service}.clock`

/** Settings that give every process a clock that may be changed while it runs. */
export const withSkewedClocks = {
  NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'skewed-clock.ts')).href}`,
} as const

/** Changes the clock of a service within some hundredths of a second. */
export const setClock = (dataDir: string, service: string, fault: ClockFault): Promise<void> =>
  writeFile(join(dataDir, clockFileOf(service)), JSON.stringify(fault))
