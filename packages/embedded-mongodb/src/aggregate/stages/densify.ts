import { compareValues } from '../../bson/compare.ts'
import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { DateTime, Doc, isInt32, makeDouble, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { encodeKey } from '../../storage/key-string.ts'
import { addUnits, type DateUnit, unitOf } from '../dates/date-units.ts'
import { pathValue } from '../expression.ts'
import { isNullish, namedOperands } from '../scope.ts'
import { type CompileStage, needStageDoc } from '../stage.ts'
import { withValue } from './shaping.ts'

/** As many documents as the server makes up at most. */
const MAX_MADE = 500_000

interface Densifying {
  parts: string[]
  partitionBy: string[][]
  step: number
  unit: DateUnit | undefined
  bounds: 'full' | 'partition' | [number, number]
}

/** A document with the number, or the milliseconds, of its field. */
interface Placed {
  doc: Doc
  at: number
}

interface Partition {
  fields: Value[]
  placed: Placed[]
}

/** Makes up the documents that are missing from a sequence of numbers or dates. */
export const densify: CompileStage = (operand) => {
  const options = parseDensify(needStageDoc('$densify', operand, 5733401))
  return function* (input) {
    const partitions = new Map<string, Partition>()
    let least = Number.POSITIVE_INFINITY
    let greatest = Number.NEGATIVE_INFINITY
    for (const doc of input) {
      const value = pathValue(doc, options.parts, 0)
      if (isNullish(value)) {
        yield doc
        continue
      }
      const at = placeOf(value, options.unit)
      least = Math.min(least, at)
      greatest = Math.max(greatest, at)
      const fields = options.partitionBy.map((parts) => pathValue(doc, parts, 0) ?? null)
      const key = encodeKey([fields], [false]).toString('latin1')
      const partition = partitions.get(key)
      if (partition === undefined) partitions.set(key, { fields, placed: [{ doc, at }] })
      else partition.placed.push({ doc, at })
    }
    if (partitions.size === 0 && Array.isArray(options.bounds) && options.partitionBy.length === 0) {
      partitions.set('', { fields: [], placed: [] })
    }
    const budget = { left: MAX_MADE }
    const ordered = [...partitions.values()].toSorted((a, b) => compareValues(a.fields, b.fields))
    for (const partition of ordered) yield* dense(partition, options, [least, greatest], budget)
  }
}

function parseDensify(source: Doc): Densifying {
  namedOperands('$densify', source, ['field', 'range'], ['partitionByFields'])
  const field = source.get('field')
  if (typeof field !== 'string') throw new CommandError('TypeMismatch', "BSON field '$densify.field' must be a string")
  if (field.startsWith('$')) throw new CommandError(16410, "FieldPath field names may not start with '$'.")
  const range = namedOperands('$densify.range', source.get('range') ?? null, ['step', 'bounds'], ['unit'])
  const step = range.get('step')
  if (!isNumeric(step) || !(toNumber(step) > 0)) {
    throw new CommandError(5733401, 'the step parameter in a range statement must be a strictly positive numeric value')
  }
  const unit = range.get('unit')
  const partitionBy = source.get('partitionByFields') ?? []
  if (!Array.isArray(partitionBy)) {
    throw new CommandError('TypeMismatch', "BSON field '$densify.partitionByFields' must be an array")
  }
  return {
    parts: field.split('.'),
    partitionBy: partitionBy.map((path) => (typeof path === 'string' ? path.split('.') : [])),
    step: toNumber(step),
    unit: unit === undefined ? undefined : unitOf('$densify', unit),
    bounds: boundsOf(range.get('bounds'), unit !== undefined),
  }
}

function boundsOf(bounds: Value | undefined, isTimed: boolean): Densifying['bounds'] {
  if (bounds === 'full' || bounds === 'partition') return bounds
  if (!Array.isArray(bounds)) {
    throw new CommandError(5946802, "Bounds string must either be 'full' or 'partition'")
  }
  const [low, high] = bounds.map((bound) => {
    if (isTimed && bound instanceof DateTime) return bound.ms
    if (!isTimed && isNumeric(bound)) return toNumber(bound)
    throw new CommandError(5733402, 'a bounding array must contain either both dates or both numeric types')
  })
  if (low === undefined || high === undefined || bounds.length !== 2 || low > high) {
    throw new CommandError(
      5733403,
      'a bounding array in a range statement must have exactly two elements in ascending order',
    )
  }
  return [low, high]
}

function placeOf(value: Value, unit: DateUnit | undefined): number {
  if (unit === undefined && isNumeric(value)) return toNumber(value)
  if (unit !== undefined && value instanceof DateTime) return value.ms
  throw unit === undefined
    ? new CommandError(5733201, 'PlanExecutor error: Densify field type must be numeric')
    : new CommandError(6053600, 'Densify field type must be a date when a unit is given')
}

function* dense(
  { fields, placed }: Partition,
  options: Densifying,
  all: [number, number],
  budget: { left: number },
): Iterable<Doc> {
  const { step, unit, bounds } = options
  placed.sort((a, b) => a.at - b.at)
  const own: [number, number] = [placed[0]?.at ?? 0, placed.at(-1)?.at ?? 0]
  const [low, high] = Array.isArray(bounds) ? bounds : bounds === 'full' ? all : own
  // Given bounds leave out the upper one; the greatest value that occurs is part of the sequence.
  const isInside = (at: number): boolean => (Array.isArray(bounds) ? at < high : at <= high)
  const position = (n: number): number => (unit === undefined ? low + n * step : addUnits(low, unit, n * step, 'UTC'))
  let n = 0
  const made = (at: number): Doc => {
    budget.left -= 1
    if (budget.left < 0) {
      throw new CommandError(5897900, `Generated ${MAX_MADE} documents in $densify, which is over the limit`)
    }
    let doc = new Doc()
    for (const [i, parts] of options.partitionBy.entries()) doc = withValue(doc, parts, fields[i] ?? null)
    return withValue(doc, options.parts, unit === undefined ? numberValue(at) : new DateTime(at))
  }
  for (const { doc, at } of placed) {
    for (; isInside(position(n)) && position(n) < at; n++) yield made(position(n))
    if (position(n) === at) n++
    yield doc
  }
  for (; isInside(position(n)); n++) yield made(position(n))
}

function numberValue(at: number): Value {
  return isInt32(at) ? at : makeDouble(at)
}
