import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { compileQuery } from '../commands/query-options.ts'
import { CommandError } from '../errors.ts'
import type { Hint } from '../planner/plan.ts'
import { type Hit, type Reading } from '../planner/read-plan.ts'
import { planFor, type Query, runQuery } from '../query/run-query.ts'
import { parseSort } from '../query/sort.ts'
import type { Collection } from '../storage/collection.ts'
import { checkVariables } from './check-variables.ts'
import type { CompileStage, Pipeline, PipelineContext, Stage } from './stage.ts'
import { stageParts } from './stage-parts.ts'
import { densify } from './stages/densify.ts'
import { fill } from './stages/filling.ts'
import { bucket, bucketAuto, count, group, sortByCount } from './stages/grouping.ts'
import { facet, graphLookup, lookup, unionWith } from './stages/joining.ts'
import { limit, needWhole, sample, skip, sort } from './stages/ordering.ts'
import { addFields, project, redact, replaceRoot, replaceWith, unset, unwind } from './stages/shaping.ts'
import { collStats, currentOp, documents, indexStats, sessions } from './stages/sources.ts'
import { setWindowFields } from './stages/windows.ts'
import { merge, out } from './stages/writing.ts'

const match: CompileStage = (operand, context) => {
  if (!(operand instanceof Doc)) throw new CommandError(15959, 'the match filter must be an expression in an object')
  const matcher = compileQuery(operand, context.collation, () => context.variables)
  if (matcher.text !== undefined)
    throw new CommandError(17313, '$match with $text is only allowed as the first pipeline stage')
  return function* (input) {
    for (const doc of input) if (matcher.matches(doc)) yield doc
  }
}

const STAGES = new Map<string, CompileStage>([
  ['$match', match],
  ['$project', project],
  ['$addFields', addFields],
  ['$set', addFields],
  ['$unset', unset],
  ['$group', group],
  ['$sort', sort],
  ['$limit', limit],
  ['$skip', skip],
  ['$unwind', unwind],
  ['$count', count],
  ['$sortByCount', sortByCount],
  ['$replaceRoot', replaceRoot],
  ['$replaceWith', replaceWith],
  ['$lookup', lookup],
  ['$graphLookup', graphLookup],
  ['$unionWith', unionWith],
  ['$facet', facet],
  ['$bucket', bucket],
  ['$bucketAuto', bucketAuto],
  ['$sample', sample],
  ['$redact', redact],
  ['$setWindowFields', setWindowFields],
  ['$out', out],
  ['$merge', merge],
  ['$documents', documents],
  ['$indexStats', indexStats],
  ['$collStats', collStats],
  ['$currentOp', currentOp],
  ['$listLocalSessions', sessions],
  ['$listSessions', sessions],
  ['$densify', densify],
  ['$fill', fill],
])

/** Stages that bring their own documents. */
export const SOURCES: ReadonlySet<string> = new Set([
  '$documents',
  '$indexStats',
  '$collStats',
  '$currentOp',
  '$listLocalSessions',
  '$listSessions',
])
/** Those that read no collection. */
export const FREE_SOURCES: ReadonlySet<string> = new Set(['$documents', '$currentOp', '$listLocalSessions'])

/** Stages whose operand is made of expressions and nothing else. */
const EXPRESSIVE: ReadonlySet<string> = new Set([
  '$project',
  '$addFields',
  '$set',
  '$group',
  '$replaceRoot',
  '$replaceWith',
  '$bucket',
  '$bucketAuto',
  '$sortByCount',
  '$redact',
  '$documents',
])

const MAX_STAGES = 1000

export const compilePipeline: PipelineContext['subPipeline'] = (stages, context): Pipeline => {
  if (stages.length > MAX_STAGES) {
    throw new CommandError(7749501, `Pipeline length must be no longer than ${MAX_STAGES} stages.`)
  }
  const compiled: Stage[] = stages.map((stage, i) => {
    const [name, operand] = stageParts(stage)
    const compile = STAGES.get(name)
    if (compile === undefined) throw unknownStage(name)
    if ((name === '$out' || name === '$merge') && (i !== stages.length - 1 || context.depth > 0)) {
      throw new CommandError(40601, `${name} can only be the final stage in the pipeline`)
    }
    if (SOURCES.has(name) && i > 0) {
      throw new CommandError(40602, `${name} is only valid as the first stage in a pipeline`)
    }
    if (EXPRESSIVE.has(name)) checkVariables(operand, context.variables.keys())
    return compile(operand, context)
  })
  return (input) => compiled.reduce<Iterable<Doc>>((documentsSoFar, stage) => stage(documentsSoFar), input)
}

export function unknownStage(name: string): CommandError {
  if (name === '$changeStream') {
    return new CommandError(40573, 'The $changeStream stage is only supported on replica sets')
  }
  return new CommandError(40324, `Unrecognized pipeline stage name: '${name}'`)
}

/** The first stages as a query that indexes can answer, and the stages that remain. */
export interface Pushdown {
  filter: Doc
  sort: Doc | undefined
  skip: number
  limit: number
  rest: readonly Value[]
}

export function pushDown(stages: readonly Value[]): Pushdown {
  const filters: Doc[] = []
  let sortSource: Doc | undefined
  let at = 0
  for (; at < stages.length; at++) {
    const [name, operand] = stageParts(stages[at] ?? null)
    if (name === '$match' && operand instanceof Doc) filters.push(operand)
    else if (name === '$sort' && operand instanceof Doc && operand.size > 0) {
      // Filtering first and sorting then gives the same, and less to sort.
      sortSource = operand
    } else break
  }
  let skipped = 0
  let limited = 0
  const whole = (name: string): number | undefined => {
    const stage = stages[at]
    if (stage === undefined) return undefined
    const [key, operand] = stageParts(stage)
    if (key !== name || !isNumeric(operand)) return undefined
    at += 1
    return name === '$limit' ? needWhole(name, operand, 1, 5107201) : needWhole(name, operand, 0, 5107200)
  }
  skipped = whole('$skip') ?? 0
  limited = whole('$limit') ?? 0
  const [only] = filters
  const filter =
    filters.length === 1 && only !== undefined ? only : filters.length === 0 ? new Doc() : Doc.of('$and', filters)
  return { filter, sort: sortSource, skip: skipped, limit: limited, rest: stages.slice(at) }
}

export function pushedQuery(pushed: Pushdown, context: PipelineContext, hint: Hint | undefined): Query {
  return {
    matcher: compileQuery(pushed.filter, context.collation, () => context.variables),
    sort: pushed.sort === undefined ? [] : parseSort(pushed.sort),
    skip: pushed.skip,
    limit: pushed.limit,
    collation: context.collation,
    hint,
    deadlineMs: context.deadlineMs,
  }
}

/** The hits of the part that was pushed down. */
export function pushedHits(
  collection: Collection,
  pushed: Pushdown,
  context: PipelineContext,
  reading: Reading,
  hint: Hint | undefined,
): Iterable<Hit> {
  const query = pushedQuery(pushed, context, hint)
  return runQuery(collection, query, planFor(collection, query), reading)
}

export function* hitDocuments(hits: Iterable<Hit>, context: PipelineContext): Iterable<Doc> {
  for (const hit of hits) {
    if (hit.textScore !== 0) context.textScores.set(hit.doc, hit.textScore)
    yield hit.doc
  }
}

/** Whether all that remains is to count, so that no document needs to be decoded. */
export function countedField(rest: readonly Value[]): { id: Value; field: string } | undefined {
  const [stage] = rest
  if (rest.length !== 1 || stage === undefined) return undefined
  const [name, operand] = stageParts(stage)
  if (name !== '$group' || !(operand instanceof Doc) || operand.size !== 2) return undefined
  const id = operand.get('_id')
  const [, field] = operand.keys
  const sum = field === undefined ? undefined : operand.get(field)
  if (id === undefined || typeof id === 'object' ? id !== null : typeof id === 'string') return undefined
  if (field === undefined || field === '_id' || !(sum instanceof Doc) || sum.size !== 1) return undefined
  const one = sum.get('$sum')
  return isNumeric(one) && typeof one === 'number' && toNumber(one) === 1 ? { id: id ?? null, field } : undefined
}
