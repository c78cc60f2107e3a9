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
const othersTurn = Promise.resolve()
/** Longer than a message waits for its acknowledgement; now and then longer than a hold lasts. */
const usualPauseMs = 90_000
const longestPauseMs = 20 * 60_000

/** How a process reaches its database: others go between its steps, and it may pause or end before or after any of them. */
export function createProcess({ chance, faults, agenda, announce }: Options) {
  const { now } = agenda
  const isInterleaved = faults.has('interleaving')
  const pauses = faults.has('pauses')
  const crashes = faults.has('crashes')

  const turnsOfOthers = () => (isInterleaved ? chance.integer(0, mostTurnsOfOthers) : 0)

  /** How long the process stands still here, if it does. Throws where it ends here. */
  function pauseMs(): number | undefined {
    if (crashes && chance.isHit(likelihood.crash)) throw new Killed('the process was killed')
    if (!pauses || !chance.isHit(likelihood.pause)) return undefined
    return chance.integer(0, chance.isHit(likelihood.longPause) ? longestPauseMs : usualPauseMs)
  }

  // All in one function, as it runs hundreds of times for each order.
  async function step<T>(apply: () => T): Promise<T> {
    for (let turns = turnsOfOthers(); turns > 0; turns -= 1) await othersTurn
    const beforeMs = pauseMs()
    if (beforeMs !== undefined) await agenda.pause(beforeMs)
    const done = apply()
    for (let turns = turnsOfOthers(); turns > 0; turns -= 1) await othersTurn
    const afterMs = pauseMs()
    if (afterMs !== undefined) await agenda.pause(afterMs)
    return done
  }

  return {
    step,
    aggregates: <S extends { id: string }>(
      all: Map<string, S & Stored>,
      refuseTwins?: (state: S) => void,
    ): Aggregates<S> => createMemoryAggregates(all, new Map(), { now, step, announce }, refuseTwins),
  }
}
