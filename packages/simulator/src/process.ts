import type { DomainEvent } from '@tradewind/contracts/event'
import type { Aggregates, Stored } from '@tradewind/database/aggregate-store'
import { createMemoryAggregates } from '@tradewind/database/memory-aggregates'
import type { Chance } from '@tradewind/testkit/chance'
import { type FaultKind, likelihood } from './faults.ts'

/** What a handler hears when its process ends in the middle. */
export class Killed extends Error {}

interface Options {
  readonly chance: Chance
  readonly faults: ReadonlySet<FaultKind>
  readonly now: () => Date
  readonly announce: (event: DomainEvent) => void
}

const mostPauses = 3

/** How a process reaches its database: others go between its steps, and it may end before or after any of them. */
export function createProcess({ chance, faults, now, announce }: Options) {
  async function turn(): Promise<void> {
    const pauses = faults.has('interleaving') ? chance.integer(0, mostPauses) : 0
    for (let pause = 0; pause < pauses; pause += 1) await Promise.resolve()
    if (faults.has('crashes') && chance.isHit(likelihood.crash)) throw new Killed('the process was killed')
  }

  async function step<T>(apply: () => T): Promise<T> {
    await turn()
    const done = apply()
    await turn()
    return done
  }

  return {
    turn,
    step,
    aggregates: <S extends { id: string }>(
      all: Map<string, S & Stored>,
      refuseTwins?: (state: S) => void,
    ): Aggregates<S> => createMemoryAggregates(all, new Map(), { now, step, announce }, refuseTwins),
  }
}
