import { compareStrings } from '../bson/compare.ts'
import { encodeDocument } from '../bson/encode.ts'
import { type Doc, type Value } from '../bson/values.ts'
import type { Results } from '../commands/cursors.ts'
import { CommandError } from '../errors.ts'
import { choosePlan } from '../planner/choose-plan.ts'
import type { Hint, Plan } from '../planner/plan.ts'
import { type Hit, Reading, readPlan } from '../planner/read-plan.ts'
import type { Collection } from '../storage/collection.ts'
import { hitById, idOf } from './by-id.ts'
import type { Collation } from './collation.ts'
import type { Matcher } from './matcher.ts'
import type { Projection } from './projection.ts'
import { Sorter, type SortField } from './sort.ts'

export interface Query {
  matcher: Matcher
  sort: readonly SortField[]
  skip: number
  /** 0 means no limit. */
  limit: number
  collation: Collation | undefined
  hint: Hint | undefined
  deadlineMs: number | undefined
}

const CLOCK_EVERY = 256

export function planFor(collection: Collection, query: Query): Plan {
  return choosePlan(collection, {
    matcher: query.matcher,
    sort: query.sort,
    limit: query.limit === 0 ? 0 : query.limit + query.skip,
    collation: query.collation,
    hint: query.hint,
  })
}

/** The documents that a query selects, in its order, after skip and limit. */
export function* runQuery(collection: Collection, query: Query, plan: Plan, reading: Reading): IterableIterator<Hit> {
  const wanted = query.limit === 0 ? 0 : query.skip + query.limit
  const matching = filtered(collection, query, plan, reading, query.matcher.isEmpty || plan.sorted ? wanted : 0)
  const ordered = plan.sorted || query.sort.length === 0 ? matching : sortHits(matching, query, wanted)
  let position = 0
  for (const hit of ordered) {
    position += 1
    if (position <= query.skip) continue
    yield hit
    if (wanted > 0 && position >= wanted) return
  }
}

function* filtered(
  collection: Collection,
  query: Query,
  plan: Plan,
  reading: Reading,
  want: number,
): IterableIterator<Hit> {
  const { matcher, deadlineMs } = query
  const isDecided = matcher.isEmpty || (plan.kind === 'index' && plan.covers)
  let seen = 0
  for (const hit of readPlan(collection, plan, reading, want)) {
    if (deadlineMs !== undefined && ++seen % CLOCK_EVERY === 0) checkDeadline(deadlineMs)
    if (isDecided || matcher.matches(hit.doc)) yield hit
  }
}

export function checkDeadline(deadlineMs: number): void {
  if (Date.now() > deadlineMs) throw new CommandError('MaxTimeMSExpired', 'operation exceeded time limit')
}

function sortHits(hits: Iterable<Hit>, query: Query, wanted: number): Hit[] {
  const sorter = new Sorter<Hit>(query.sort, wanted, query.collation?.compare ?? compareStrings)
  for (const hit of hits) sorter.add(hit, hit.doc, hit.bytes.length, hit.textScore)
  return sorter.sorted()
}

function hitsOf(collection: Collection, query: Query, reading: Reading): Iterator<Hit> {
  const id = idOf(query)
  if (id === undefined) return runQuery(collection, query, planFor(collection, query), reading)
  const hit = hitById(collection, query, id)
  return (hit === undefined ? [] : [hit]).values()
}

/** A query's results as a cursor wants them. */
export function queryResults(
  collection: Collection,
  query: Query,
  projection: Projection | undefined,
  variables: ReadonlyMap<string, Value>,
): Results {
  const reading = new Reading()
  const hits = hitsOf(collection, query, reading)
  let given = 0
  let isEnded = false
  return {
    next: () => {
      const { value, done } = hits.next()
      if (done === true || value === undefined) {
        isEnded = true
        return undefined
      }
      given += 1
      return projection === undefined ? value.bytes : encodeDocument(project(value, projection, query, variables))
    },
    isKnownDone: () => isEnded || (query.limit > 0 && given >= query.limit),
    resume: () => {
      reading.epoch += 1
    },
  }
}

export function project(hit: Hit, projection: Projection, query: Query, variables: ReadonlyMap<string, Value>): Doc {
  const position = projection.needsPosition ? query.matcher.position(hit.doc) : undefined
  return projection.apply(hit.doc, { position, textScore: hit.textScore, variables })
}
