import os from 'node:os'
import { pushDown, pushedQuery } from '../aggregate/pipeline.ts'
import { Doc, Double, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { explainPlan } from '../planner/explain-plan.ts'
import { Reading } from '../planner/read-plan.ts'
import { planFor, type Query, runQuery } from '../query/run-query.ts'
import type { Collection } from '../storage/collection.ts'
import { contextOf } from './aggregate.ts'
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
    const [name] = explained.keys
    if (name === undefined) throw new CommandError('CommandNotFound', 'explain failed due to unknown command: ')
    const inner: Invocation = { ...invocation, name, body: explained, fields: new Fields(name, explained) }
    const target = inner.fields.needString(name)
    const collection = invocation.instance.catalog.get(invocation.db, target)
    const { query, projected, rest } = queryOf(name, inner, collection)
    return describe(inner, collection, target, query, { verbosity, projected, rest })
  },
}

interface Explained {
  query: Query
  projected: boolean
  /** The stages that run over what the query finds. */
  rest: readonly Value[]
}

function queryOf(name: string, invocation: Invocation, collection: Collection | undefined): Explained {
  const { fields } = invocation
  switch (name) {
    case 'find': {
      const { query, projection } = parseFind(invocation, collection)
      return { query, projected: projection !== undefined, rest: [] }
    }
    case 'aggregate': {
      const context = contextOf(invocation, fields.needString('aggregate'))
      const pushed = pushDown(fields.array('pipeline') ?? [])
      const hint = collection === undefined ? undefined : resolveHint(collection, fields.optional('hint'))
      return { query: pushedQuery(pushed, context, hint), projected: false, rest: pushed.rest }
    }
    case 'count':
    case 'distinct':
    case 'findAndModify':
      return { query: plainQuery(invocation, fields, 'query', collection), projected: false, rest: [] }
    case 'update':
    case 'delete': {
      const [statement] = fields.docs(name === 'update' ? 'updates' : 'deletes') ?? []
      if (statement === undefined) throw fields.missing(name === 'update' ? 'updates' : 'deletes')
      return { query: plainQuery(invocation, new Fields(name, statement), 'q', collection), projected: false, rest: [] }
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

interface Shown {
  verbosity: string
  projected: boolean
  rest: readonly Value[]
}

function describe(
  invocation: Invocation,
  collection: Collection | undefined,
  target: string,
  query: Query,
  { verbosity, projected, rest }: Shown,
): Doc {
  const plan = collection === undefined ? undefined : planFor(collection, query)
  const winningPlan = explainPlan(collection, query, plan ?? { kind: 'nothing', sorted: true }, projected)
  const out = Doc.from({
    explainVersion: '1',
    queryPlanner: Doc.from({
      namespace: `${invocation.db}.${target}`,
      indexFilterSet: false,
      parsedQuery: query.matcher.source,
      winningPlan,
      rejectedPlans: [],
    }),
  })
  if (rest.length > 0)
    out.push('stages', [Doc.of('$cursor', Doc.of('queryPlanner', out.get('queryPlanner') ?? null)), ...rest])
  if (verbosity !== 'queryPlanner') {
    const reading = new Reading()
    const startedAt = performance.now()
    let nReturned = 0
    if (collection !== undefined && plan !== undefined) {
      for (const _ of runQuery(collection, query, plan, reading)) nReturned += 1
    }
    out.push(
      'executionStats',
      Doc.from({
        executionSuccess: true,
        nReturned,
        executionTimeMillis: Math.round(performance.now() - startedAt),
        totalKeysExamined: reading.keysExamined,
        totalDocsExamined: reading.docsExamined,
        executionStages: winningPlan,
      }),
    )
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
  out.push('ok', new Double(1))
  return out
}
