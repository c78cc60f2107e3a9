import os from 'node:os'
import { pushDown, pushedQuery } from '../aggregate/pipeline.ts'
import { isNumeric } from '../bson/numbers.ts'
import { Doc, Double, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { explainPlan, expressStage, withCounts } from '../planner/explain-plan.ts'
import type { Plan } from '../planner/plan.ts'
import { Reading } from '../planner/read-plan.ts'
import { idOf } from '../query/by-id.ts'
import { normalizeFilter } from '../query/normalize.ts'
import { planFor, type Query, runQuery } from '../query/run-query.ts'
import type { Collection } from '../storage/collection.ts'
import { aggregate, contextOf } from './aggregate.ts'
import type { Command, Invocation } from './command.ts'
import { Fields } from './fields.ts'
import { parseFind } from './find.ts'
import { compileQuery, effectiveCollation, resolveHint, systemVariables } from './query-options.ts'

const VERBOSITIES = ['queryPlanner', 'executionStats', 'allPlansExecution']

export const explain: Command = {
  name: 'explain',
  fields: ['verbosity'],
  run: (invocation) => {
    const explained = invocation.fields.needDoc('explain')
    const verbosity = invocation.fields.string('verbosity') ?? 'allPlansExecution'
    if (!VERBOSITIES.includes(verbosity)) {
      throw new CommandError(
        'BadValue',
        `Enumeration value '${verbosity}' for field 'explain.verbosity' is not a valid value.`,
      )
    }
    return explainCommand(invocation, explained, verbosity)
  },
}

/** The command, or its explanation where it asks for one itself. */
export const aggregateOrExplain: Command = {
  ...aggregate,
  run: (invocation) => {
    if (!invocation.fields.bool('explain')) return aggregate.run(invocation)
    return explainCommand(invocation, invocation.body, 'queryPlanner')
  },
}

function explainCommand(invocation: Invocation, explained: Doc, verbosity: string): Doc {
  const [name] = explained.keys
  if (name === undefined) throw new CommandError('CommandNotFound', 'explain failed due to unknown command: ')
  const inner: Invocation = { ...invocation, name, body: explained, fields: new Fields(name, explained) }
  const target = inner.fields.needString(name)
  const collection = invocation.instance.catalog.get(invocation.db, target)
  const parts = queryOf(name, inner, collection)
  return describe(inner, collection, target, parts, verbosity)
}

interface Explained {
  query: Query
  projection?: 'PROJECTION_SIMPLE' | 'PROJECTION_DEFAULT' | undefined
  /** The stages that run over what the query finds. */
  rest: readonly Value[]
  /** What a command does with what it finds. */
  outer?: 'UPDATE' | 'DELETE' | 'COUNT'
}

function queryOf(name: string, invocation: Invocation, collection: Collection | undefined): Explained {
  const { fields } = invocation
  switch (name) {
    case 'find': {
      const { query, projection } = parseFind(invocation, collection)
      const shown = projection === undefined ? undefined : projectionStage(fields.doc('projection') ?? new Doc())
      return { query, projection: shown, rest: [] }
    }
    case 'aggregate': {
      const context = contextOf(invocation, fields.needString('aggregate'))
      const pushed = pushDown(fields.array('pipeline') ?? [])
      const hint = collection === undefined ? undefined : resolveHint(collection, fields.optional('hint'))
      return { query: pushedQuery(pushed, context, hint), rest: pushed.rest }
    }
    case 'count':
      return { query: plainQuery(invocation, fields, 'query', collection), rest: [], outer: 'COUNT' }
    case 'distinct':
      return { query: plainQuery(invocation, fields, 'query', collection), rest: [] }
    case 'findAndModify':
      return {
        query: plainQuery(invocation, fields, 'query', collection),
        rest: [],
        outer: fields.bool('remove') ? 'DELETE' : 'UPDATE',
      }
    case 'update':
    case 'delete': {
      const [statement] = fields.docs(name === 'update' ? 'updates' : 'deletes') ?? []
      if (statement === undefined) throw fields.missing(name === 'update' ? 'updates' : 'deletes')
      const query = plainQuery(invocation, new Fields(name, statement), 'q', collection)
      return { query, rest: [], outer: name === 'update' ? 'UPDATE' : 'DELETE' }
    }
    default:
      throw new CommandError('CommandNotFound', `Explain failed due to unknown command: ${name}`)
  }
}

function plainQuery(invocation: Invocation, fields: Fields, filter: string, collection: Collection | undefined): Query {
  const collation = effectiveCollation(fields, collection)
  return {
    matcher: compileQuery(fields.doc(filter), collation, systemVariables),
    sort: [],
    skip: fields.count('skip') ?? 0,
    limit: 0,
    collation,
    hint: collection === undefined ? undefined : resolveHint(collection, fields.optional('hint')),
    deadlineMs: invocation.deadlineMs,
  }
}

/** Fields taken or left out at the top level are simpler than everything else. */
function projectionStage(source: Doc): 'PROJECTION_SIMPLE' | 'PROJECTION_DEFAULT' {
  const isSimple = [...source.entries()].every(
    ([path, value]) => !path.includes('.') && (typeof value === 'boolean' || isNumeric(value)),
  )
  return isSimple ? 'PROJECTION_SIMPLE' : 'PROJECTION_DEFAULT'
}

function describe(
  invocation: Invocation,
  collection: Collection | undefined,
  target: string,
  { query, projection, rest, outer }: Explained,
  verbosity: string,
): Doc {
  const plan = collection === undefined ? undefined : planFor(collection, query)
  const isExpress = invocation.name === 'find' && collection !== undefined && idOf(query) !== undefined
  const inner = isExpress
    ? expressStage()
    : explainPlan(collection, query, plan ?? { kind: 'nothing', sorted: true }, projection)
  const stage = outer === undefined || collection === undefined ? inner : Doc.from({ stage: outer, inputStage: inner })
  const queryPlanner = Doc.from({
    namespace: `${invocation.db}.${target}`,
    parsedQuery: normalizeFilter(query.matcher.source),
    indexFilterSet: false,
    maxIndexedOrSolutionsReached: false,
    maxIndexedAndSolutionsReached: false,
    maxScansToExplodeReached: false,
    prunedSimilarIndexes: false,
    winningPlan: new Doc(['isCached', ...stage.keys], [false, ...stage.values]),
    rejectedPlans: [],
  })
  const executionStats =
    verbosity === 'queryPlanner' ? undefined : statsOf(collection, plan, query, stage, outer !== undefined)
  const out = Doc.of('explainVersion', '1')
  if (rest.length > 0) {
    out.push('stages', [
      Doc.from({
        $cursor: Doc.from({ queryPlanner, executionStats }),
        nReturned: executionStats?.get('nReturned'),
        executionTimeMillisEstimate: executionStats === undefined ? undefined : 0n,
      }),
      ...rest,
    ])
  } else {
    out.push('queryPlanner', queryPlanner)
    if (executionStats !== undefined) out.push('executionStats', executionStats)
  }
  out.push('command', invocation.body)
  out.push(
    'serverInfo',
    Doc.from({
      host: os.hostname(),
      port: invocation.instance.port,
      version: '8.0.0',
      gitVersion: 'tradewind-embedded',
    }),
  )
  out.push('serverParameters', Doc.from({ internalQueryMaxBlockingSortMemoryUsageBytes: 104857600 }))
  out.push('ok', new Double(1))
  return out
}

function statsOf(
  collection: Collection | undefined,
  plan: Plan | undefined,
  query: Query,
  stage: Doc,
  hasOuter: boolean,
): Doc {
  const reading = new Reading()
  const startedAt = performance.now()
  let found = 0
  if (collection !== undefined && plan !== undefined) {
    for (const _ of runQuery(collection, query, plan, reading)) found += 1
  }
  const { keysExamined, docsExamined } = reading
  const nReturned = hasOuter ? 0 : found
  return Doc.from({
    executionSuccess: true,
    nReturned,
    executionTimeMillis: Math.round(performance.now() - startedAt),
    totalKeysExamined: keysExamined,
    totalDocsExamined: docsExamined,
    executionStages: withCounts(stage, { nReturned, keysExamined, docsExamined }),
  })
}
