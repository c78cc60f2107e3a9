import { setTimeout as delay } from 'node:timers/promises'

/** Waits until it holds, ten seconds at most. */
export async function until(holds: () => boolean | Promise<boolean>): Promise<void> {
  const deadline = performance.now() + 10_000
  while (!(await holds())) {
    if (performance.now() > deadline) throw new Error('it did not come true within ten seconds')
    await delay(10)
  }
}
