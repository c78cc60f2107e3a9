// A thread that plays one range of seeds after another, until the first shop in it that breaks a promise.
import { parentPort } from 'node:worker_threads'
import type { FaultKind } from './faults.ts'
import { simulate } from './simulate.ts'

export interface Seeds {
  readonly first: number
  readonly count: number
  readonly orders: number
  readonly faults: ReadonlySet<FaultKind>
}

export interface Played {
  /** Orders. */
  readonly accepted: number
  /** The first seed that broke a promise. */
  readonly failed?: number
}

// Refusals and crashes are part of the play; their stacks would cost more than anything else.
Error.stackTraceLimit = 0

async function play({ first, count, orders, faults }: Seeds): Promise<Played> {
  let accepted = 0
  for (let seed = first; seed < first + count; seed += 1) {
    const outcome = await simulate({ seed, orders, faults })
    accepted += outcome.accepted
    if (outcome.violations.length > 0) return { accepted, failed: seed }
  }
  return { accepted }
}

parentPort?.on('message', (seeds: Seeds) => {
  void play(seeds).then((played) => parentPort?.postMessage(played))
})
