import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { Doc, Regex, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { encodeKey } from '../../storage/key-string.ts'
import { compileExpression, pathValue } from '../expression.ts'
import { type CompileStage, needStageDoc, type PipelineContext } from '../stage.ts'
import { withValue } from './shaping.ts'

const MAX_NESTING = 20

export function deeper(context: PipelineContext): PipelineContext {
  if (context.depth >= MAX_NESTING) {
    throw new CommandError(40283, `Maximum number of nested sub-pipelines exceeded. Limit is ${MAX_NESTING}`)
  }
  return { ...context, depth: context.depth + 1 }
}

function optionalString(source: Doc, name: string, stage: string): string | undefined {
  const value = source.get(name)
  if (value === undefined || typeof value === 'string') return value
  throw new CommandError('FailedToParse', `${stage} argument '${name}' must be a string`)
}

function needOption(source: Doc, name: string, stage: string): string {
  const value = optionalString(source, name, stage)
  if (value === undefined) throw new CommandError('FailedToParse', `must specify '${name}' field for a ${stage}`)
  return value
}

const LOOKUP = ['from', 'localField', 'foreignField', 'as', 'let', 'pipeline']

export const lookup: CompileStage = (operand, context) => {
  const source = needStageDoc('$lookup', operand, 9)
  for (const key of source.keys) {
    if (!LOOKUP.includes(key)) throw new CommandError('FailedToParse', `unknown argument to $lookup: ${key}`)
  }
  const as = needOption(source, 'as', '$lookup').split('.')
  const localField = optionalString(source, 'localField', '$lookup')
  const foreignField = optionalString(source, 'foreignField', '$lookup')
  const stages = source.get('pipeline')
  if (stages !== undefined && !Array.isArray(stages))
    throw new CommandError('TypeMismatch', "'pipeline' option must be specified as an array")
  if (
    (localField === undefined) !== (foreignField === undefined) ||
    (localField === undefined && stages === undefined)
  ) {
    throw new CommandError(
      'FailedToParse',
      "$lookup requires either 'pipeline' or both 'localField' and 'foreignField' to be specified",
    )
  }
  const from = stages === undefined ? needOption(source, 'from', '$lookup') : optionalString(source, 'from', '$lookup')
  const letSource = source.get('let')
  const bound =
    letSource instanceof Doc
      ? [...letSource.entries()].map(([name, value]) => ({ name, evaluate: compileExpression(value) }))
      : []
  const inner = deeper(context)
  // Compiled once for its errors: a faulty pipeline is refused even when there is nothing to join.
  if (stages !== undefined && from !== undefined)
    context.subPipeline(stages, {
      ...inner,
      variables: new Map([...inner.variables, ...bound.map(({ name }) => [name, null] as const)]),
    })
  const local = localField?.split('.')
  return function* (input) {
    for (const doc of input) {
      const scope = { root: doc, variables: context.variables }
      const variables = new Map(context.variables)
      for (const { name, evaluate } of bound) variables.set(name, evaluate(scope) ?? null)
      const joined = { ...inner, variables }
      const all = [...matchStage(doc, local, foreignField), ...(stages ?? [])]
      const found =
        from === undefined ? context.subPipeline(all, joined)([]) : context.readThrough(context.db, from, all, joined)
      yield withValue(doc, as, [...found])
    }
  }
}

/** Equality with the local value, or with any of its elements; a missing value joins with null. */
function matchStage(doc: Doc, local: readonly string[] | undefined, foreign: string | undefined): Value[] {
  if (local === undefined || foreign === undefined) return []
  const value = pathValue(doc, local, 0) ?? null
  const values = Array.isArray(value) ? value : [value]
  // A pattern joins as the value that it is; in $in it would match.
  if (values.some((one) => one instanceof Regex))
    return [
      Doc.of(
        '$match',
        Doc.of(
          '$or',
          values.map((one) => Doc.of(foreign, Doc.of('$eq', one))),
        ),
      ),
    ]
  return [Doc.of('$match', Doc.of(foreign, Doc.of('$in', Array.isArray(value) ? [...value, value] : [value])))]
}

const MAX_GRAPH = 100_000

export const graphLookup: CompileStage = (operand, context) => {
  const source = needStageDoc('$graphLookup', operand, 40327)
  const from = needOption(source, 'from', '$graphLookup')
  const as = needOption(source, 'as', '$graphLookup').split('.')
  const connectFrom = needOption(source, 'connectFromField', '$graphLookup').split('.')
  const connectTo = needOption(source, 'connectToField', '$graphLookup')
  const startSource = source.get('startWith')
  if (startSource === undefined) throw new CommandError(40105, "$graphLookup requires 'startWith'")
  const startWith = compileExpression(startSource)
  const maxDepth = source.get('maxDepth')
  const most = isNumeric(maxDepth) ? toNumber(maxDepth) : Number.POSITIVE_INFINITY
  const depthField = optionalString(source, 'depthField', '$graphLookup')
  const restrict = source.get('restrictSearchWithMatch')
  const inner = deeper(context)
  const idOf = (doc: Doc): string => encodeKey([doc.get('_id') ?? null], [false]).toString('latin1')
  return function* (input) {
    for (const doc of input) {
      const found = new Map<string, Doc>()
      let frontier = listOf(startWith({ root: doc, variables: context.variables }))
      for (let depth = 0; depth <= most && frontier.length > 0; depth++) {
        const filter = Doc.of(connectTo, Doc.of('$in', frontier))
        const stages = [Doc.of('$match', restrict instanceof Doc ? Doc.of('$and', [filter, restrict]) : filter)]
        const next: Value[] = []
        for (const hit of context.readThrough(context.db, from, stages, inner)) {
          const id = idOf(hit)
          if (found.has(id)) continue
          if (found.size >= MAX_GRAPH) throw new CommandError(40099, '$graphLookup reached maximum memory consumption')
          found.set(id, depthField === undefined ? hit : withValue(hit, depthField.split('.'), BigInt(depth)))
          next.push(...listOf(pathValue(hit, connectFrom, 0)))
        }
        frontier = next
      }
      yield withValue(doc, as, [...found.values()])
    }
  }
}

function listOf(value: Value | undefined): Value[] {
  if (value === undefined || value === null) return []
  return Array.isArray(value) ? value : [value]
}

export const unionWith: CompileStage = (operand, context) => {
  const source = typeof operand === 'string' ? Doc.of('coll', operand) : needStageDoc('$unionWith', operand, 9)
  const from = optionalString(source, 'coll', '$unionWith')
  const stages = source.get('pipeline') ?? []
  if (!Array.isArray(stages)) throw new CommandError('TypeMismatch', "'pipeline' option must be specified as an array")
  const inner = deeper(context)
  const compiled = from === undefined ? context.subPipeline(stages, inner) : undefined
  return function* (input) {
    yield* input
    if (from === undefined) yield* compiled?.([]) ?? []
    else yield* context.readThrough(context.db, from, stages, inner)
  }
}

export const facet: CompileStage = (operand, context) => {
  const source = needStageDoc('$facet', operand, 40169)
  if (source.size === 0) throw new CommandError(40169, 'the $facet specification must be a non-empty object')
  const inner = deeper(context)
  const facets = [...source.entries()].map(([name, stages]) => {
    if (!Array.isArray(stages)) throw new CommandError(40170, `arguments to $facet must be arrays, ${name} is not`)
    for (const stage of stages) {
      const key = stage instanceof Doc ? stage.keys[0] : undefined
      if (key !== undefined && ['$out', '$merge', '$facet', '$indexStats', '$collStats', '$geoNear'].includes(key)) {
        throw new CommandError(40600, `${key} is not allowed to be used within a $facet stage`)
      }
    }
    return { name, run: context.subPipeline(stages, inner) }
  })
  return function* (input) {
    const documents = [...input]
    const out = new Doc()
    for (const { name, run } of facets) out.push(name, [...run(documents)])
    yield out
  }
}
