import { setTimeout as delay } from 'node:timers/promises'

export interface EventuallyOptions {
  /** How long to wait at most, default 10 s. */
  readonly timeoutMs?: number
  /** Pause between two tries, default 20 ms. */
  readonly everyMs?: number
}

/**
 * Calls `check` until it neither throws nor returns `false` or `undefined`, and returns what it returned. Rejects when the
 * time is up, with the last failure as its message and cause. For what must become true by itself, instead of sleeping.
 */
export async function eventually<T>(
  check: () => T | Promise<T>,
  { timeoutMs = 10_000, everyMs = 20 }: EventuallyOptions = {},
): Promise<Exclude<T, false | undefined>> {
  const startedAt = performance.now()
  for (let tries = 1; ; tries += 1) {
    const outcome = await attempt(check)
    if (outcome.held) return outcome.value
    const elapsedMs = Math.round(performance.now() - startedAt)
    if (elapsedMs >= timeoutMs) {
      throw new Error(`not true after ${elapsedMs} ms and ${tries} tries: ${outcome.why}`, { cause: outcome.cause })
    }
    await delay(Math.min(everyMs, timeoutMs - elapsedMs))
  }
}

type Outcome<T> = { held: true; value: Exclude<T, false | undefined> } | { held: false; why: string; cause?: unknown }

async function attempt<T>(check: () => T | Promise<T>): Promise<Outcome<T>> {
  try {
    const value: T = await check()
    return isTrue(value) ? { held: true, value } : { held: false, why: `the check gave ${String(value)}` }
  } catch (cause) {
    return { held: false, why: cause instanceof Error ? cause.message : String(cause), cause }
  }
}

const isTrue = <T>(value: T): value is Exclude<T, false | undefined> => value !== false && value !== undefined
