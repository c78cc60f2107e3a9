import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { DateTime, type Doc, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import type { SortField } from '../../query/sort.ts'
import { addUnits, unitOf } from '../dates/date-units.ts'
import { namedOperands, type Scope } from '../scope.ts'

export interface Row {
  doc: Doc
  scope: Scope
  keys: Value[]
}

/** Computes one output field for every row of a sorted partition. */
export type Output = (rows: readonly Row[], at: number) => Value

export type Window = (rows: readonly Row[], at: number) => [number, number]

export function compileWindow(source: Value | undefined, sort: readonly SortField[]): Window {
  if (source === undefined) return (rows) => [0, rows.length - 1]
  const parts = namedOperands('window', source, [], ['documents', 'range', 'unit'])
  const documents = parts.get('documents')
  if (Array.isArray(documents)) {
    const [low, high] = documents
    return (rows, at) => [boundOf(low, at, 0), boundOf(high, at, rows.length - 1)]
  }
  const range = parts.get('range')
  if (!Array.isArray(range)) return (rows) => [0, rows.length - 1]
  if (sort.length !== 1 || sort[0]?.descending === true) {
    throw new CommandError(5339902, 'Range-based bounds require sortBy a single field')
  }
  const [low, high] = range
  const unitSource = parts.get('unit')
  const unit = unitSource === undefined ? undefined : unitOf('window', unitSource)
  const moved = (row: Row | undefined, bound: Value | undefined, edge: number): number => {
    if (bound === 'unbounded') return edge
    const here = keyNumber(row, unit !== undefined)
    return unit === undefined ? here + offsetOf(bound) : addUnits(here, unit, offsetOf(bound), 'UTC')
  }
  return (rows, at) => {
    const from = moved(rows[at], low, Number.NEGATIVE_INFINITY)
    const to = moved(rows[at], high, Number.POSITIVE_INFINITY)
    const isDate = unit !== undefined
    return [
      countBelow(rows, (row) => keyNumber(row, isDate) < from),
      countBelow(rows, (row) => keyNumber(row, isDate) <= to) - 1,
    ]
  }
}

/** The position of the first row for which a condition no longer holds that holds for all before it. */
function countBelow(rows: readonly Row[], holds: (row: Row) => boolean): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    const row = rows[middle]
    if (row !== undefined && holds(row)) low = middle + 1
    else high = middle
  }
  return low
}

function keyNumber(row: Row | undefined, isDate: boolean): number {
  const key = row?.keys[0]
  if (isDate ? key instanceof DateTime : isNumeric(key)) return numberOf(key)
  throw isDate
    ? new CommandError(5429513, 'Invalid range: Expected the sortBy field to be a Date')
    : new CommandError(5429414, 'Invalid range: Expected the sortBy field to be a number')
}

export function boundOf(bound: Value | undefined, at: number, edge: number): number {
  return bound === 'unbounded' ? edge : at + offsetOf(bound)
}

function offsetOf(bound: Value | undefined): number {
  if (bound === 'current') return 0
  if (isNumeric(bound)) return toNumber(bound)
  throw new CommandError('FailedToParse', "Window bounds must be 'unbounded', 'current', or a number.")
}

export function numberOf(value: Value | undefined): number {
  if (value instanceof DateTime) return value.ms
  return isNumeric(value) ? toNumber(value) : Number.NaN
}
