import { availableParallelism } from 'node:os'
import { Worker } from 'node:worker_threads'
import type { Played, Seeds } from './player.ts'

/** Shops that a thread plays before it asks for more. */
const atOnce = 50

/** Plays these seeds on every core. Of several that break a promise the lowest is named, as if they were played in turn. */
export async function playAll(
  { first, count, ...shop }: Seeds,
  onProgress: (shops: number) => void = () => undefined,
): Promise<Played> {
  const end = first + count
  let next = first
  let accepted = 0
  let failed: number | undefined

  function more(): Seeds | undefined {
    // What is lower than a seed that failed is being played already.
    if (next >= end || failed !== undefined) return undefined
    const seeds = { ...shop, first: next, count: Math.min(atOnce, end - next) }
    next += seeds.count
    return seeds
  }

  function playOn(worker: Worker, seeds: Seeds | undefined, done: () => void): void {
    if (seeds === undefined) return done()
    worker.once('message', (played: Played) => {
      accepted += played.accepted
      if (played.failed !== undefined) failed = Math.min(failed ?? played.failed, played.failed)
      onProgress(next - first)
      playOn(worker, more(), done)
    })
    worker.postMessage(seeds)
  }

  const threads = Math.min(availableParallelism(), Math.ceil(count / atOnce))
  await Promise.all(
    Array.from({ length: threads }, async () => {
      const worker = new Worker(new URL('./player.ts', import.meta.url))
      try {
        await new Promise<void>((resolve, reject) => {
          worker.once('error', reject)
          playOn(worker, more(), resolve)
        })
      } finally {
        await worker.terminate()
      }
    }),
  )
  return { accepted, ...(failed !== undefined && { failed }) }
}
