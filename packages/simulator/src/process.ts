import type { DomainEvent } from '@tradewind/contracts/event'
import type { Aggregates, Stored } from '@tradewind/database/aggregate-store'
import { createMemoryAggregates } from '@tradewind/database/memory-aggregates'
import type { Chance } from '@tradewind/testkit/chance'
import type { Agenda } from './agenda.ts'
import { type FaultKind, likelihood } from './faults.ts'

/** What a handler hears when its process ends in the middle. */
export class Killed extends Error {}

interface Options {
  readonly chance: Chance
  readonly faults: ReadonlySet<FaultKind>
  readonly agenda: Agenda
  readonly announce: (event: DomainEvent) => void
}

const mostTurnsOfOthers = 3
/** Longer than a message waits for its acknowledgement; now and then longer than a hold lasts. */
const usualPauseMs = 90_000
const longestPauseMs = 20 * 60_000

/** How a process reaches its database: others go between its steps, and it may pause or end before or after any of them. */
export function createProcess({ chance, faults, agenda, announce }: Options) {
  const { now } = agenda

  async function turn(): Promise<void> {
    const turns = faults.has('interleaving') ? chance.integer(0, mostTurnsOfOthers) : 0
    for (let taken = 0; taken < turns; taken += 1) await Promise.resolve()
    if (faults.has('pauses') && chance.isHit(likelihood.pause)) {
      await agenda.pause(chance.integer(0, chance.isHit(likelihood.longPause) ? longestPauseMs : usualPauseMs))
    }
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
