import { Doc } from '../bson/values.ts'
import type { Query } from '../query/run-query.ts'
import type { Collection } from '../storage/collection.ts'
import type { Plan } from './plan.ts'

/** A plan as `explain` shows it: stages named as the server names them, the outermost first. */
export function explainPlan(collection: Collection | undefined, query: Query, plan: Plan, projected: boolean): Doc {
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
  return projected ? Doc.from({ stage: 'PROJECTION_DEFAULT', inputStage: stage }) : stage
}

function accessStage(plan: Plan, query: Query): Doc {
  const filter = query.matcher.isEmpty ? undefined : query.matcher.source
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
