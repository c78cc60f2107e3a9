import { setImmediate as nextRound } from 'node:timers/promises'
import type { Chance } from '@tradewind/testkit/chance'
import type { AllocationStrategy } from '../../src/domain/allocation.ts'
import { makeAdjustStock } from '../../src/use-cases/adjust-stock.ts'
import { makeArchiveMovements } from '../../src/use-cases/archive-movements.ts'
import { makeCheckStock } from '../../src/use-cases/check-stock.ts'
import { makeCommitReservation } from '../../src/use-cases/commit-reservation.ts'
import { makeCountStock } from '../../src/use-cases/count-stock.ts'
import { makeExtendReservation } from '../../src/use-cases/extend-reservation.ts'
import { makeFindShelves } from '../../src/use-cases/find-shelves.ts'
import { makeFollowPlan } from '../../src/use-cases/follow-plan.ts'
import { makeMoveOnce } from '../../src/use-cases/move-once.ts'
import { makeRebuildStock } from '../../src/use-cases/rebuild-stock.ts'
import { makeReleasePart } from '../../src/use-cases/release-part.ts'
import { makeCarryOutRelease, makeReleaseReservation } from '../../src/use-cases/release-reservation.ts'
import { makeReleaseLeakedHolds } from '../../src/use-cases/repair-stock.ts'
import { makeReserveStock } from '../../src/use-cases/reserve-stock.ts'
import { makeCarryOutRestocks, makeReturnUnits } from '../../src/use-cases/return-units.ts'
import { makeSetStockPolicy } from '../../src/use-cases/set-stock-policy.ts'
import { makeSweepReservations } from '../../src/use-cases/sweep-reservations.ts'
import { makeCarryOutTransfer, makeSweepTransfers, makeTransferStock } from '../../src/use-cases/transfer-stock.ts'
import { createMemoryStores, type Memory } from './memory-stores.ts'

export class Killed extends Error {}

export const holdMs = 15 * 60_000

/** Gives everything that goes to the database its turn, one after another, in an order that chance decides. */
export function createTurns(chance: Chance) {
  const waiting: { readonly replica: number; readonly go: () => void; readonly die: (error: Error) => void }[] = []
  return {
    /** How a replica reaches the database: it waits for its turn before and after each step. */
    stepOf: (replica: number) => {
      const take = () => new Promise<void>((go, die) => void waiting.push({ replica, go, die }))
      return async <T>(apply: () => T): Promise<T> => {
        await take()
        const done = apply()
        await take()
        return done
      }
    },
    /** Lets one go on that waits, if any does. */
    next: async (): Promise<boolean> => {
      await nextRound()
      const [one] = waiting.splice(chance.integer(0, Math.max(0, waiting.length - 1)), 1)
      one?.go()
      return one !== undefined
    },
    /** Everything that this replica was doing ends where it is. */
    kill: (replica: number): void => {
      for (const one of waiting.filter((other) => other.replica === replica)) {
        waiting.splice(waiting.indexOf(one), 1)
        one.die(new Killed(`replica ${replica} was killed`))
      }
    },
  }
}

/** One replica of the service: its use cases on stores in memory. */
export function createReplica(
  memory: Memory,
  options: {
    readonly step: <T>(apply: () => T) => Promise<T>
    readonly now: () => Date
    readonly newId: (prefix: string) => string
    readonly strategy: AllocationStrategy
  },
) {
  const ports = { ...options, ...createMemoryStores(memory, options), holdMs }
  const followPlan = makeFollowPlan(ports)
  const moving = { ...ports, moveOnce: makeMoveOnce(ports) }
  const carryOutRelease = makeCarryOutRelease(moving)
  const carryOutRestocks = makeCarryOutRestocks(moving)
  const commit = makeCommitReservation(ports)
  return {
    place: makeReserveStock({ ...ports, followPlan, findShelves: makeFindShelves(ports) }),
    authorize: commit,
    cancel: makeReleaseReservation(moving),
    returnUnits: makeReturnUnits(moving),
    extend: makeExtendReservation(ports),
    releasePart: makeReleasePart({ ...ports, followPlan, carryOutRelease }),
    adjust: makeAdjustStock(moving),
    count: makeCountStock(moving),
    transfer: makeTransferStock(moving),
    setPolicy: makeSetStockPolicy(ports),
    sweepReservations: makeSweepReservations({ ...ports, commit, carryOutRelease, carryOutRestocks, followPlan }),
    sweepTransfers: makeSweepTransfers(moving, makeCarryOutTransfer(moving)),
    archive: makeArchiveMovements(ports),
    check: makeCheckStock(ports),
    rebuild: makeRebuildStock(ports),
    releaseLeaked: makeReleaseLeakedHolds(ports),
  }
}

export type Replica = ReturnType<typeof createReplica>
