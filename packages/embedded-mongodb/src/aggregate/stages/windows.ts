import { compareStrings } from '../../bson/compare.ts'
import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { Doc, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { compareTuples, parseSort, type SortField, sortKeys } from '../../query/sort.ts'
import { encodeKey } from '../../storage/key-string.ts'
import { compileAccumulator, type MakeAccumulator } from '../accumulators.ts'
import { compileExpression } from '../expression.ts'
import { namedOperands } from '../scope.ts'
import { type CompileStage, needStageDoc } from '../stage.ts'
import { withValue } from './shaping.ts'
import { compileWindow, type Output, type Row } from './window-rows.ts'
import { compileSeries } from './window-series.ts'

/** `$setWindowFields`, with windows by position and by distance in numbers or in time. */
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
      const row = { doc, scope, keys: sortKeys(doc, sort, compareStrings) }
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
  return compareTuples(a.keys, b.keys, sort)
}

function compileOutput(path: string, source: Value, sort: readonly SortField[]): Output {
  if (!(source instanceof Doc)) throw new CommandError('FailedToParse', `The field '${path}' must be an object`)
  const name = source.keys.find((key) => key !== 'window')
  if (name === undefined || source.size > 2)
    throw new CommandError('FailedToParse', 'Expected a $-prefixed window function')
  const operand = source.get(name) ?? null
  const window = source.get('window')
  const ranking = compileRanking(name, operand, sort) ?? compileSeries(name, operand, sort, window)
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

const RANKINGS = ['$documentNumber', '$rank', '$denseRank']

function compileRanking(name: string, operand: Value, sort: readonly SortField[]): Output | undefined {
  const isTie = (rows: readonly Row[], a: number, b: number): boolean => {
    const x = rows[a]
    const y = rows[b]
    return x !== undefined && y !== undefined && compareRows(x, y, sort) === 0
  }
  if (RANKINGS.includes(name) && (sort.length === 0 || (sort.length > 1 && name !== '$documentNumber'))) {
    throw new CommandError(
      5371602,
      `${name} must be specified with a top level sortBy expression with exactly one element`,
    )
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
