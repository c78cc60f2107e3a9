import { startService } from '../service-process.ts'

/** One process of the inventory service. */
export interface Replica {
  /** Writes of stock that another replica forestalled. */
  readonly conflicts: () => Promise<number>
  readonly cpuMs: () => number
  readonly stop: () => Promise<void>
}

const program = new URL('../../../../services/inventory/src/main.ts', import.meta.url)

/** Starts the service as it runs in production and waits until it is ready. Rejects when it ends before. */
export async function startReplica(env: Readonly<Record<string, string>>): Promise<Replica> {
  const service = await startService(program, { ...env, JWKS_URL: 'http://127.0.0.1:9/.well-known/jwks.json' })
  return {
    conflicts: async () => Number(/^stock_conflicting_writes_total\S* (\S+)$/m.exec(await service.metrics())?.[1] ?? 0),
    cpuMs: service.cpuMs,
    stop: service.stop,
  }
}
