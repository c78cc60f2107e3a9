import { setTimeout as wait } from 'node:timers/promises'

export const checkTimeoutMs = 2_000

export interface CheckResult {
  readonly ok: boolean
  readonly durationMs: number
  readonly reason?: string
}

export interface HealthReport {
  readonly status: 'ready' | 'not ready' | 'stopping'
  readonly checks: Readonly<Record<string, CheckResult>>
}

/** A check throws, or rejects, while what it watches is not usable. */
export type Check = () => Promise<void> | void

/**
 * What cannot go on without it: requests, or only what is heard and told over the broker. Without the broker requests are
 * served all the same, so a pod must not lose its traffic for it, and all of them at once even less.
 */
export type Need = 'requests' | 'events'

export interface Health {
  readonly add: (label: string, check: Check, neededFor?: Need) => void
  /** Runs every check at once, or only those that requests need, each for at most two seconds. */
  readonly report: (of?: 'requests') => Promise<HealthReport>
  /** From here on the process reports that it is stopping, so that no new traffic is sent to it. */
  readonly stop: () => void
}

export function createHealth(timeoutMs: number = checkTimeoutMs): Health {
  const checks = new Map<string, { readonly check: Check; readonly neededFor: Need }>()
  let stopping = false
  return {
    add(label, check, neededFor = 'requests') {
      if (checks.has(label)) throw new Error(`there is a check named ${label} already`)
      checks.set(label, { check, neededFor })
    },
    stop() {
      stopping = true
    },
    async report(of) {
      if (stopping) return { status: 'stopping', checks: {} }
      const results = await Promise.all(
        [...checks]
          .filter(([, { neededFor }]) => of === undefined || neededFor === of)
          .map(async ([label, { check }]) => [label, await run(check, timeoutMs)] as const),
      )
      const ready = results.every(([, result]) => result.ok)
      return { status: ready ? 'ready' : 'not ready', checks: Object.fromEntries(results) }
    },
  }
}

async function run(check: Check, timeoutMs: number): Promise<CheckResult> {
  const started = performance.now()
  const elapsed = () => Math.round(performance.now() - started)
  const timer = new AbortController()
  try {
    await Promise.race([Promise.resolve().then(check), timeout(timeoutMs, timer.signal)])
    return { ok: true, durationMs: elapsed() }
  } catch (error) {
    return { ok: false, durationMs: elapsed(), reason: error instanceof Error ? error.message : String(error) }
  } finally {
    timer.abort()
  }
}

async function timeout(timeoutMs: number, signal: AbortSignal): Promise<never> {
  await wait(timeoutMs, undefined, { signal })
  throw new Error(`no answer within ${timeoutMs} ms`)
}
