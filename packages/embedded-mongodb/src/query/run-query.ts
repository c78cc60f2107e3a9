import { compareStrings } from '../bson/compare.ts'
import { encodeDocument } from '../bson/encode.ts'
import { Doc, type Value } from '../bson/values.ts'
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
  /** The part of the hinted index that is read. */
  keyBounds?: { low: Buffer; high: Buffer } | undefined
}

const CLOCK_EVERY = 256

export function planFor(collection: Collection, query: Query): Plan {
  const plan = choosePlan(collection, {
    matcher: query.matcher,
    sort: query.sort,
    limit: query.limit === 0 ? 0 : query.limit + query.skip,
    collation: query.collation,
    hint: query.hint,
  })
  return query.keyBounds === undefined || plan.kind !== 'index' ? plan : narrowed(plan, query.keyBounds)
}

function narrowed(plan: Extract<Plan, { kind: 'index' }>, { low, high }: { low: Buffer; high: Buffer }): Plan {
  const ranges = plan.ranges.map((range) => ({
    ...range,
    low: Buffer.compare(range.low, low) > 0 ? range.low : low,
    high: Buffer.compare(range.high, high) < 0 ? range.high : high,
  }))
  return { ...plan, ranges: ranges.filter((range) => Buffer.compare(range.low, range.high) < 0) }
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
  const hit = hitById(collection, query, id, () => reading.fields)
  return (hit === undefined ? [] : [hit]).values()
}

/** The fields that a query and its projection look at; undefined where that cannot be told. */
function fieldsOf({ matcher, sort }: Query, projection: Projection | undefined): ReadonlySet<string> | undefined {
  const shown = projection?.plainFields
  if (shown === undefined || matcher.looksAtAll) return undefined
  const asked = [...matcher.paths, ...sort.map(({ path }) => path)]
  return new Set([...shown, ...asked.map((path) => path.split('.', 1)[0] ?? path)])
}

/** What a find shows beside, or instead of, the documents. */
export interface Shown {
  showRecordId: boolean
  returnKey: boolean
}

/** The index entry by which a document was found; nothing without an index. */
function keyDocument({ index, key, doc }: Hit): Doc {
  const values = index === undefined ? [] : key === undefined ? [doc.get('_id') ?? null] : index.valuesBehind(doc, key)
  return new Doc(
    values.map((_, i) => index?.spec.fields[i]?.path ?? ''),
    values,
  )
}

/** A query's results as a cursor wants them. */
export function queryResults(
  collection: Collection,
  query: Query,
  projection: Projection | undefined,
  variables: ReadonlyMap<string, Value>,
  shown: Shown = { showRecordId: false, returnKey: false },
): Results {
  const isWhole = shown.showRecordId || shown.returnKey
  const reading = new Reading(isWhole ? undefined : fieldsOf(query, projection))
  const hits = hitsOf(collection, query, reading)
  const isPlain = projection === undefined && !shown.showRecordId && !shown.returnKey
  const bytesOf = (hit: Hit): Buffer => {
    if (isPlain) return hit.bytes
    const doc = shown.returnKey
      ? keyDocument(hit)
      : projection === undefined
        ? hit.doc
        : project(hit, projection, query, variables)
    if (!shown.showRecordId) return encodeDocument(doc)
    const out = doc.copy()
    out.set('$recordId', BigInt(hit.rid))
    return encodeDocument(out)
  }
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
      return bytesOf(value)
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
