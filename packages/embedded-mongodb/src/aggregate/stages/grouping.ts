import { compareValues } from '../../bson/compare.ts'
import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { Doc, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { encodeKey } from '../../storage/key-string.ts'
import { type Accumulator, compileAccumulator, type MakeAccumulator } from '../accumulators.ts'
import { compileExpression } from '../expression.ts'
import type { Expression } from '../scope.ts'
import { type CompileStage, needStageDoc, type PipelineContext, type Stage } from '../stage.ts'
import { sort } from './ordering.ts'

/** Beyond this many groups memory would not hold them. */
const MAX_GROUPS = 2_000_000

interface Group {
  id: Value
  accumulators: Accumulator[]
}

interface Fields {
  names: string[]
  make: MakeAccumulator[]
}

function compileFields(source: Iterable<[string, Value]>): Fields {
  const fields: Fields = { names: [], make: [] }
  for (const [name, accumulator] of source) {
    fields.names.push(name)
    fields.make.push(compileAccumulator(name, accumulator))
  }
  return fields
}

function finish({ id, accumulators }: Group, names: readonly string[]): Doc {
  return new Doc(['_id', ...names], [id, ...accumulators.map((accumulator) => accumulator.result())])
}

function grouping(evaluate: Expression, fields: Fields, context: PipelineContext): Stage {
  return function* (input) {
    const groups = new Map<string, Group>()
    for (const doc of input) {
      const scope = { root: doc, variables: context.variables }
      const id = evaluate(scope) ?? null
      const key = encodeKey([id], [false], context.collation?.fold).toString('latin1')
      let group = groups.get(key)
      if (group === undefined) {
        group = { id, accumulators: fields.make.map((make) => make()) }
        groups.set(key, group)
        if (groups.size > MAX_GROUPS) {
          throw new CommandError('ExceededMemoryLimit', '$group used too much memory')
        }
      }
      for (const accumulator of group.accumulators) accumulator.add(scope)
    }
    for (const each of groups.values()) yield finish(each, fields.names)
  }
}

export const group: CompileStage = (operand, context) => {
  const source = needStageDoc('$group', operand, 15947)
  const id = source.get('_id')
  if (id === undefined) throw new CommandError(15955, 'a group specification must include an _id')
  const fields = compileFields([...source.entries()].filter(([name]) => name !== '_id'))
  return grouping(compileExpression(id), fields, context)
}

export const sortByCount: CompileStage = (operand, context) => {
  const grouped = group(Doc.from({ _id: operand, count: Doc.of('$sum', 1) }), context)
  const ordered = sort(Doc.of('count', -1), context)
  return (input) => ordered(grouped(input))
}

const COUNT_ONE = Doc.of('count', Doc.of('$sum', 1))

export const bucket: CompileStage = (operand, context) => {
  const source = needStageDoc('$bucket', operand, 40201)
  const boundaries = source.get('boundaries')
  const by = source.get('groupBy')
  if (by === undefined || boundaries === undefined)
    throw new CommandError(40198, "$bucket requires 'groupBy' and 'boundaries' to be specified.")
  if (!Array.isArray(boundaries)) throw new CommandError(40200, "The $bucket 'boundaries' field must be an array")
  if (boundaries.length < 2)
    throw new CommandError(
      40192,
      `The $bucket 'boundaries' field must have at least 2 values, but found ${boundaries.length} value(s).`,
    )
  for (let i = 1; i < boundaries.length; i++) {
    if (compareValues(boundaries[i - 1] ?? null, boundaries[i] ?? null) >= 0) {
      throw new CommandError(40194, "The 'boundaries' option to $bucket must be sorted")
    }
  }
  const otherwise = source.get('default')
  const evaluate = compileExpression(by)
  const output = source.get('output')
  const fields = compileFields((output instanceof Doc ? output : COUNT_ONE).entries())
  const bucketOf: Expression = (scope) => {
    const value = evaluate(scope) ?? null
    for (let i = 0; i + 1 < boundaries.length; i++) {
      const low = boundaries[i] ?? null
      if (compareValues(value, low) >= 0 && compareValues(value, boundaries[i + 1] ?? null) < 0) return low
    }
    if (otherwise !== undefined) return otherwise
    throw new CommandError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    )
  }
  const grouped = grouping(bucketOf, fields, context)
  const ordered = sort(Doc.of('_id', 1), context)
  return (input) => ordered(grouped(input))
}

export const bucketAuto: CompileStage = (operand, context) => {
  const source = needStageDoc('$bucketAuto', operand, 40240)
  const wanted = source.get('buckets')
  const by = source.get('groupBy')
  if (by === undefined || !isNumeric(wanted))
    throw new CommandError(40246, "$bucketAuto requires 'groupBy' and 'buckets' to be specified")
  if (source.get('granularity') !== undefined)
    throw new CommandError('NotImplemented', "$bucketAuto option 'granularity' is not supported")
  const buckets = toNumber(wanted)
  if (!Number.isInteger(buckets) || buckets <= 0)
    throw new CommandError(40243, "The $bucketAuto 'buckets' field must be greater than 0")
  const evaluate = compileExpression(by)
  const output = source.get('output')
  const fields = compileFields((output instanceof Doc ? output : COUNT_ONE).entries())
  return function* (input) {
    const rows = [...input].map((doc) => {
      const scope = { root: doc, variables: context.variables }
      return { scope, value: evaluate(scope) ?? null }
    })
    rows.sort((a, b) => compareValues(a.value, b.value))
    const size = Math.max(1, Math.round(rows.length / buckets))
    for (let start = 0, made = 1; start < rows.length; made++) {
      let end = made === buckets ? rows.length : Math.min(rows.length, start + size)
      // Equal values stay together.
      while (end < rows.length && compareValues(rows[end]?.value ?? null, rows[end - 1]?.value ?? null) === 0) end++
      const accumulators = fields.make.map((make) => make())
      for (const { scope } of rows.slice(start, end)) for (const accumulator of accumulators) accumulator.add(scope)
      const max = rows[end]?.value ?? rows[rows.length - 1]?.value ?? null
      yield finish({ id: Doc.from({ min: rows[start]?.value ?? null, max }), accumulators }, fields.names)
      start = end
    }
  }
}

export const count: CompileStage = (operand) => {
  if (typeof operand !== 'string') throw new CommandError(40156, 'the count field must be a non-empty string')
  if (operand === '') throw new CommandError(40157, 'the count field must be a non-empty string')
  if (operand.startsWith('$')) throw new CommandError(40158, 'the count field cannot be a $-prefixed path')
  if (operand.includes('.')) throw new CommandError(40160, "the count field cannot contain '.'")
  return function* (input) {
    let n = 0
    for (const _ of input) n += 1
    if (n > 0) yield Doc.of(operand, n)
  }
}
