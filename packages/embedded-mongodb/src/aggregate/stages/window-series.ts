import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { DateTime, makeDouble, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import type { SortField } from '../../query/sort.ts'
import { unitOf } from '../dates/date-units.ts'
import { compileExpression } from '../expression.ts'
import { type Expression, isNullish, namedOperands } from '../scope.ts'
import { compileWindow, numberOf, type Output, type Row } from './window-rows.ts'

/** The window functions that take the rows of a partition for a series, by their order or by the distance of their keys. */
export function compileSeries(
  name: string,
  operand: Value,
  sort: readonly SortField[],
  window: Value | undefined,
): Output | undefined {
  switch (name) {
    case '$derivative':
      return slope(name, operand, sort, window, derivative)
    case '$integral':
      return slope(name, operand, sort, window, integral)
    case '$expMovingAvg':
      return movingAverage(operand, sort)
    case '$covariancePop':
      return covariance(operand, sort, window, 0)
    case '$covarianceSamp':
      return covariance(operand, sort, window, 1)
    case '$linearFill':
      return linearFill(operand, sort)
    case '$locf':
      return lastObserved(operand)
    default:
      return undefined
  }
}

/** One row as a point: its key by which it is sorted, and the value of an expression. */
interface Point {
  x: number
  y: number
}

const UNIT_MS: Partial<Record<string, number>> = {
  week: 604_800_000,
  day: 86_400_000,
  hour: 3_600_000,
  minute: 60_000,
  second: 1000,
  millisecond: 1,
}

function slope(
  name: string,
  operand: Value,
  sort: readonly SortField[],
  window: Value | undefined,
  finish: (points: Point[]) => number | undefined,
): Output {
  const parts = namedOperands(name, operand, ['input'], ['unit'])
  if (sort.length !== 1) throw new CommandError('FailedToParse', `${name} requires a sortBy`)
  if (name === '$derivative' && window === undefined) {
    throw new CommandError('FailedToParse', '$derivative requires explicit window bounds')
  }
  const input = compileExpression(parts.get('input') ?? null)
  const unit = parts.get('unit')
  const unitMs = unit === undefined ? 1 : UNIT_MS[unitOf(name, unit)]
  if (unitMs === undefined) throw new CommandError(5490704, `unit must be 'week' or smaller in ${name}`)
  const bounds = compileWindow(window, sort)
  return (rows, at) => {
    const [from, to] = bounds(rows, at)
    const points: Point[] = []
    for (const row of rows.slice(Math.max(0, from), to + 1)) {
      const y = input(row.scope)
      if (isNullish(y)) return null
      points.push({ x: keyOf(name, row, unit !== undefined) / unitMs, y: numberOf(y) })
    }
    const result = finish(points)
    return result === undefined ? null : makeDouble(result)
  }
}

function keyOf(name: string, row: Row, isTimed: boolean): number {
  const key = row.keys[0] ?? null
  if (isTimed && !(key instanceof DateTime)) {
    throw new CommandError(5624900, `${name} with 'unit' expects the sortBy field to be a Date`)
  }
  if (!isTimed && !isNumeric(key)) {
    throw new CommandError(5624901, `${name} where the sortBy is a Date requires a 'unit'`)
  }
  return numberOf(key)
}

function derivative(points: Point[]): number | undefined {
  const first = points[0]
  const last = points.at(-1)
  if (first === undefined || last === undefined || first === last || last.x === first.x) return undefined
  return (last.y - first.y) / (last.x - first.x)
}

function integral(points: Point[]): number {
  let area = 0
  for (const [i, point] of points.entries()) {
    const before = points[i - 1]
    if (before !== undefined) area += ((point.y + before.y) / 2) * (point.x - before.x)
  }
  return area
}

function movingAverage(operand: Value, sort: readonly SortField[]): Output {
  const parts = namedOperands('$expMovingAvg', operand, ['input'], ['N', 'alpha'])
  if (sort.length === 0) throw new CommandError('FailedToParse', "$expMovingAvg requires an explicit 'sortBy'")
  const n = parts.get('N')
  const given = parts.get('alpha')
  if ((n === undefined) === (given === undefined)) {
    throw new CommandError(
      'FailedToParse',
      "$expMovingAvg requires either an 'N' field or an 'alpha' field, but not both",
    )
  }
  const alpha = isNumeric(n) ? 2 / (toNumber(n) + 1) : isNumeric(given) ? toNumber(given) : Number.NaN
  if (!(alpha > 0 && alpha < 1) && !isNumeric(n)) {
    throw new CommandError('FailedToParse', "'alpha' must be between 0 and 1 (exclusive)")
  }
  const input = compileExpression(parts.get('input') ?? null)
  return (rows, at) => {
    let average: number | undefined
    for (const row of rows.slice(0, at + 1)) {
      const value = input(row.scope)
      if (isNumeric(value))
        average = average === undefined ? toNumber(value) : toNumber(value) * alpha + average * (1 - alpha)
    }
    return average === undefined ? null : makeDouble(average)
  }
}

function covariance(operand: Value, sort: readonly SortField[], window: Value | undefined, lostDegrees: 0 | 1): Output {
  const list = Array.isArray(operand) ? operand.map(compileExpression) : []
  const [first, second] = list
  const bounds = compileWindow(window, sort)
  return (rows, at) => {
    if (first === undefined || second === undefined || list.length !== 2) return null
    const [from, to] = bounds(rows, at)
    const points: Point[] = []
    for (const { scope } of rows.slice(Math.max(0, from), to + 1)) {
      const x = first(scope)
      const y = second(scope)
      if (isNumeric(x) && isNumeric(y)) points.push({ x: toNumber(x), y: toNumber(y) })
    }
    if (points.length <= lostDegrees) return null
    const meanX = points.reduce((sum, { x }) => sum + x, 0) / points.length
    const meanY = points.reduce((sum, { y }) => sum + y, 0) / points.length
    const products = points.reduce((sum, { x, y }) => sum + (x - meanX) * (y - meanY), 0)
    return makeDouble(products / (points.length - lostDegrees))
  }
}

/** A missing value lies on the line between its neighbours that are not. */
function linearFill(operand: Value, sort: readonly SortField[]): Output {
  if (sort.length !== 1)
    throw new CommandError(
      605001,
      '$linearFill must be specified with a top level sortBy expression with exactly one element',
    )
  const input = compileExpression(operand)
  return (rows, at) => {
    const own = valueIn(rows, at, input)
    if (!isNullish(own)) return own
    const before = neighbour(rows, at, -1, input)
    const after = neighbour(rows, at, 1, input)
    if (before === undefined || after === undefined) return null
    const here = numberOf(rows[at]?.keys[0])
    return makeDouble(before.y + ((after.y - before.y) * (here - before.x)) / (after.x - before.x))
  }
}

function valueIn(rows: readonly Row[], at: number, input: Expression): Value | undefined {
  const row = rows[at]
  return row === undefined ? undefined : input(row.scope)
}

function neighbour(rows: readonly Row[], at: number, step: 1 | -1, input: Expression): Point | undefined {
  for (let i = at + step; i >= 0 && i < rows.length; i += step) {
    const value = valueIn(rows, i, input)
    if (isNumeric(value)) return { x: numberOf(rows[i]?.keys[0]), y: toNumber(value) }
  }
  return undefined
}

function lastObserved(operand: Value): Output {
  const input = compileExpression(operand)
  return (rows, at) => {
    for (let i = at; i >= 0; i--) {
      const value = valueIn(rows, i, input)
      if (!isNullish(value)) return value
    }
    return null
  }
}
