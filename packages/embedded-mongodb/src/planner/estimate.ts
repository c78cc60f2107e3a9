import type { StatementSync } from 'node:sqlite'
import type { Collection } from '../storage/collection.ts'
import type { IndexTable } from '../storage/index-table.ts'
import { integerOf, prepareRows, rowOf } from '../storage/sqlite-file.ts'
import type { Plan } from './plan.ts'

const ENOUGH = 500
const MAX_RANGES = 8

const counters = new WeakMap<IndexTable, StatementSync>()

/** How many index entries a plan would read, up to a number beyond which it no longer matters. */
export function estimate(collection: Collection, plan: Extract<Plan, { kind: 'index' }>): number {
  let counter = counters.get(plan.index)
  if (counter === undefined) {
    const { table } = plan.index
    counter = prepareRows(
      collection.database,
      `SELECT count(*) FROM (SELECT 1 FROM ${table} WHERE key >= ? AND key < ? LIMIT ${ENOUGH})`,
    )
    counters.set(plan.index, counter)
  }
  let rows = 0
  for (const { low, high } of plan.ranges.slice(0, MAX_RANGES)) {
    rows += integerOf(rowOf(counter.get(low, high))?.[0])
    if (rows >= ENOUGH) return ENOUGH
  }
  return Math.min(ENOUGH, plan.ranges.length > MAX_RANGES ? (rows * plan.ranges.length) / MAX_RANGES : rows)
}
