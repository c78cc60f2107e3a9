import { compareStrings, compareValues } from '../../bson/compare.ts'
import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { DateTime, Doc, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { parseSort, type SortField, sortValue } from '../../query/sort.ts'
import { encodeKey } from '../../storage/key-string.ts'
import { compileAccumulator, type MakeAccumulator } from '../accumulators.ts'
import { compileExpression } from '../expression.ts'
import { namedOperands, type Scope } from '../scope.ts'
import { type CompileStage, needStageDoc } from '../stage.ts'
import { withValue } from './shaping.ts'

interface Row {
  doc: Doc
  scope: Scope
  keys: Value[]
}

/** Computes one output field for every row of a sorted partition. */
type Output = (rows: readonly Row[], at: number) => Value

/** `$setWindowFields` with `documents` windows and numeric `range` windows. */
export const setWindowFields: CompileStage = (operand, context) => {
  const source = needStageDoc('$setWindowFields', operand, 9)
  namedOperands('$setWindowFields', source, ['output'], ['partitionBy', 'sortBy'])
  const partition = compileExpression(source.get('partitionBy') ?? null)
  const by = source.get('sortBy')
  const sort = by instanceof Doc ? parseSort(by) : []
  const outputSource = source.get('output')
  if (!(outputSource instanceof Doc))
    throw new CommandError('FailedToParse', "$setWindowFields 'output' must be an object")
  const outputs = [...outputSource.entries()].map(([path, value]) => ({
    parts: path.split('.'),
    compute: compileOutput(path, value, sort),
  }))
  return function* (input) {
    const partitions = new Map<string, Row[]>()
    for (const doc of input) {
      const scope = { root: doc, variables: context.variables }
      const key = encodeKey([partition(scope) ?? null], [false]).toString('latin1')
      const row = { doc, scope, keys: sort.map((field) => sortValue(doc, field, compareStrings)) }
      const rows = partitions.get(key)
      if (rows === undefined) partitions.set(key, [row])
      else rows.push(row)
    }
    const ordered = [...partitions].toSorted(([a], [b]) => (a < b ? -1 : 1))
    for (const [, rows] of ordered) {
      rows.sort((a, b) => compareRows(a, b, sort))
      for (const [at, row] of rows.entries()) {
        yield outputs.reduce((doc, { parts, compute }) => withValue(doc, parts, compute(rows, at)), row.doc)
      }
    }
  }
}

function compareRows(a: Row, b: Row, sort: readonly SortField[]): number {
  for (const [i, field] of sort.entries()) {
    const order = compareValues(a.keys[i] ?? null, b.keys[i] ?? null)
    if (order !== 0) return field.descending ? -order : order
  }
  return 0
}

function compileOutput(path: string, source: Value, sort: readonly SortField[]): Output {
  if (!(source instanceof Doc)) throw new CommandError('FailedToParse', `The field '${path}' must be an object`)
  const name = source.keys.find((key) => key !== 'window')
  if (name === undefined || source.size > 2)
    throw new CommandError('FailedToParse', 'Expected a $-prefixed window function')
  const operand = source.get(name) ?? null
  const window = source.get('window')
  const ranking = compileRanking(name, operand, sort)
  if (ranking !== undefined) return ranking
  const make: MakeAccumulator = compileAccumulator('output', Doc.of(name, operand))
  const bounds = compileWindow(window, sort)
  return (rows, at) => {
    const accumulator = make()
    const [from, to] = bounds(rows, at)
    for (let i = Math.max(0, from); i <= Math.min(rows.length - 1, to); i++) {
      const row = rows[i]
      if (row !== undefined) accumulator.add(row.scope)
    }
    return accumulator.result()
  }
}

function compileRanking(name: string, operand: Value, sort: readonly SortField[]): Output | undefined {
  const isTie = (rows: readonly Row[], a: number, b: number): boolean => {
    const x = rows[a]
    const y = rows[b]
    return x !== undefined && y !== undefined && compareRows(x, y, sort) === 0
  }
  switch (name) {
    case '$documentNumber':
      return (_, at) => at + 1
    case '$rank':
      return (rows, at) => {
        let first = at
        while (first > 0 && isTie(rows, first - 1, at)) first--
        return first + 1
      }
    case '$denseRank':
      return (rows, at) => {
        let rank = 1
        for (let i = 1; i <= at; i++) if (!isTie(rows, i - 1, i)) rank++
        return rank
      }
    case '$shift':
      return compileShift(operand)
    default:
      return undefined
  }
}

function compileShift(operand: Value): Output {
  const parts = namedOperands('$shift', operand, ['output', 'by'], ['default'])
  const output = compileExpression(parts.get('output') ?? null)
  const by = parts.get('by')
  const otherwise = parts.get('default') ?? null
  const step = isNumeric(by) ? toNumber(by) : 0
  return (rows, at) => {
    const row = rows[at + step]
    return row === undefined ? otherwise : (output(row.scope) ?? null)
  }
}

type Window = (rows: readonly Row[], at: number) => [number, number]

function compileWindow(source: Value | undefined, sort: readonly SortField[]): Window {
  if (source === undefined) return (rows) => [0, rows.length - 1]
  const parts = namedOperands('window', source, [], ['documents', 'range', 'unit'])
  const documents = parts.get('documents')
  if (Array.isArray(documents)) {
    const [low, high] = documents
    return (rows, at) => [boundOf(low, at, 0), boundOf(high, at, rows.length - 1)]
  }
  const range = parts.get('range')
  if (!Array.isArray(range) || parts.get('unit') !== undefined || sort.length !== 1) {
    throw new CommandError('NotImplemented', 'this kind of window is not supported')
  }
  const [low, high] = range
  return (rows, at) => {
    const here = numberOf(rows[at]?.keys[0])
    const from = low === 'unbounded' ? Number.NEGATIVE_INFINITY : here + offsetOf(low)
    const to = high === 'unbounded' ? Number.POSITIVE_INFINITY : here + offsetOf(high)
    const inside = rows.map((row) => numberOf(row.keys[0])).map((value) => value >= from && value <= to)
    return [inside.indexOf(true), inside.lastIndexOf(true)]
  }
}

function boundOf(bound: Value | undefined, at: number, edge: number): number {
  return bound === 'unbounded' ? edge : at + offsetOf(bound)
}

function offsetOf(bound: Value | undefined): number {
  if (bound === 'current') return 0
  if (isNumeric(bound)) return toNumber(bound)
  throw new CommandError('FailedToParse', "Window bounds must be 'unbounded', 'current', or a number.")
}

function numberOf(value: Value | undefined): number {
  if (value instanceof DateTime) return value.ms
  return isNumeric(value) ? toNumber(value) : Number.NaN
}
