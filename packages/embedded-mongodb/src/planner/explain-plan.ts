import { Doc } from '../bson/values.ts'
import { normalizeFilter } from '../query/normalize.ts'
import type { Query } from '../query/run-query.ts'
import type { Collection } from '../storage/collection.ts'
import type { Plan } from './plan.ts'

/** What a query cost, where it was carried out. */
export interface Counts {
  nReturned: number
  keysExamined: number
  docsExamined: number
}

/** A plan as `explain` shows it: stages named as the server names them, the outermost first. */
export function explainPlan(
  collection: Collection | undefined,
  query: Query,
  plan: Plan,
  projection: 'PROJECTION_SIMPLE' | 'PROJECTION_DEFAULT' | undefined,
): Doc {
  if (collection === undefined) return Doc.from({ stage: 'EOF' })
  let stage = accessStage(plan, query)
  if (!plan.sorted && query.sort.length > 0) {
    const pattern = new Doc()
    for (const { path, descending } of query.sort) pattern.push(path, descending ? -1 : 1)
    stage = Doc.from({
      stage: 'SORT',
      sortPattern: pattern,
      memLimit: 104857600,
      limitAmount: query.limit > 0 ? query.limit + query.skip : undefined,
      inputStage: stage,
    })
  }
  if (query.skip > 0) stage = Doc.from({ stage: 'SKIP', skipAmount: query.skip, inputStage: stage })
  if (query.limit > 0 && (plan.sorted || query.sort.length === 0)) {
    stage = Doc.from({ stage: 'LIMIT', limitAmount: query.limit, inputStage: stage })
  }
  return projection === undefined ? stage : Doc.from({ stage: projection, inputStage: stage })
}

/** A look-up by `_id`, which needs no plan. */
export function expressStage(): Doc {
  return Doc.from({ stage: 'EXPRESS_IXSCAN', keyPattern: '{ _id: 1 }', indexName: '_id_' })
}

/** The stages with what was counted, each figure at the stages that it is known for. */
export function withCounts(stage: Doc, counts: Counts, isOutermost = true): Doc {
  const out = Doc.of('stage', stage.get('stage') ?? '')
  if (isOutermost) out.push('nReturned', counts.nReturned)
  const name = out.values[0]
  if (name === 'IXSCAN' || name === 'EXPRESS_IXSCAN') out.push('keysExamined', counts.keysExamined)
  if (name === 'FETCH' || name === 'COLLSCAN' || name === 'EXPRESS_IXSCAN') {
    out.push('docsExamined', counts.docsExamined)
  }
  for (const [key, value] of stage.entries()) {
    if (key === 'stage') continue
    out.push(key, key === 'inputStage' && value instanceof Doc ? withCounts(value, counts, false) : value)
  }
  return out
}

function accessStage(plan: Plan, query: Query): Doc {
  const isDecided = query.matcher.isEmpty || (plan.kind === 'index' && plan.covers)
  const filter = isDecided ? undefined : normalizeFilter(query.matcher.source)
  if (plan.kind === 'index' && plan.merged) return mergeStage(plan, filter)
  switch (plan.kind) {
    case 'nothing':
      return Doc.of('stage', 'EOF')
    case 'scan':
      return Doc.from({ stage: 'COLLSCAN', filter, direction: plan.reverse ? 'backward' : 'forward' })
    case 'text':
      return Doc.from({ stage: 'TEXT_MATCH', indexName: plan.index.spec.name, filter })
    case 'union':
      return Doc.from({
        stage: 'FETCH',
        inputStage: Doc.from({ stage: 'OR', inputStages: plan.plans.map((inner) => scanStage(inner)) }),
      })
    case 'index':
      return Doc.from({ stage: 'FETCH', filter, inputStage: scanStage(plan) })
  }
}

function mergeStage(plan: Plan, filter: Doc | undefined): Doc {
  return Doc.from({
    stage: 'FETCH',
    filter,
    inputStage: Doc.from({ stage: 'SORT_MERGE', inputStage: scanStage(plan) }),
  })
}

function scanStage(plan: Plan): Doc {
  if (plan.kind !== 'index') return Doc.of('stage', plan.kind === 'scan' ? 'COLLSCAN' : 'EOF')
  const { spec } = plan.index
  return Doc.from({
    stage: 'IXSCAN',
    keyPattern: spec.keyPattern,
    indexName: spec.name,
    isMultiKey: plan.index.isMultikey,
    isUnique: spec.unique,
    isSparse: spec.sparse,
    isPartial: spec.partial !== undefined,
    indexVersion: 2,
    direction: plan.reverse ? 'backward' : 'forward',
    bounded: plan.bounded,
    ranges: plan.ranges.length,
  })
}
