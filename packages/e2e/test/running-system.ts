import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type System, startSystem } from '@tradewind/launcher/system'

export const operator = { email: 'operator@tradewind.example', password: 'a passphrase for the operator' }

export interface RunningSystem extends System {
  /** Ends every process and removes its data. */
  readonly end: () => Promise<void>
}

/** Every process of the system, on free ports, with data of its own; limits so high that tests do not meet them. */
export async function runSystem(env: Readonly<Record<string, string>> = {}): Promise<RunningSystem> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tradewind-e2e-'))
  const system = await startSystem({
    dataDir,
    logDir: join(dataDir, 'logs'),
    operator,
    env: { RATE_LIMIT_PER_MINUTE: '1000000', RATE_LIMIT_AUTH_PER_MINUTE: '100000', LOG_LEVEL: 'warn', ...env },
  })
  return {
    ...system,
    end: async () => {
      await system.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
