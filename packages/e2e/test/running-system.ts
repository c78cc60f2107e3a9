import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type System, startSystem } from '@tradewind/launcher/system'
import { checkInvariants } from '@tradewind/testkit/check-invariants'
import type { Violation } from '@tradewind/testkit/invariants'

export const operator = { email: 'operator@tradewind.example', password: 'a passphrase for the operator' }

export interface RunningSystem extends System {
  /** What does not hold, I1 to I8. */
  readonly violations: (accepted?: readonly string[]) => Promise<Violation[]>
  /** Where every process keeps its data, and the folder `logs` what it said. */
  readonly dataDir: string
  /** A service's database. */
  readonly databaseOf: (service: string) => string
  /** Ends every process and removes its data. */
  readonly end: () => Promise<void>
}

/**
 * Every process of the system, on free ports, with data of its own; limits so high that tests do not meet them. With
 * MONGODB_URL in the environment the services use that server, each system in databases of its own, or in those of another
 * whose `databasePrefix` is given.
 */
export async function runSystem(
  env: Readonly<Record<string, string>> = {},
  databasePrefix = `e2e_${randomBytes(4).toString('hex')}_`,
): Promise<RunningSystem> {
  const databaseOf = (service: string) => databasePrefix + service
  const dataDir = await mkdtemp(join(tmpdir(), 'tradewind-e2e-'))
  const system = await startSystem({
    dataDir,
    logDir: join(dataDir, 'logs'),
    operator,
    databasePrefix,
    // Streams have fixed names, so each system has a broker of its own.
    env: {
      NATS_URL: '',
      RATE_LIMIT_PER_MINUTE: '1000000',
      RATE_LIMIT_AUTH_PER_MINUTE: '100000',
      LOG_LEVEL: 'warn',
      // It would begin in the middle of a test once a day.
      PAYMENTS_RECONCILE_HOUR: 'off',
      ...env,
    },
  })
  return {
    ...system,
    dataDir,
    databaseOf,
    violations: (accepted = []) => checkInvariants({ mongodbUrl: system.mongodbUrl, databasePrefix, accepted }),
    end: async () => {
      await system.stop()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
}
