import { decodeDocument, decodeFields } from '../bson/decode.ts'
import type { Doc } from '../bson/values.ts'
import { textScores } from '../query/text-score.ts'
import type { Collection } from '../storage/collection.ts'
import type { IndexTable } from '../storage/index-table.ts'
import { blobOf, integerOf, rowOf } from '../storage/sqlite-file.ts'
import type { KeyRange } from './key-ranges.ts'
import { AFTER_ALL } from './key-ranges.ts'
import type { Plan } from './plan.ts'
import { indexScan, tableScan } from './scan-statements.ts'

/** A stored document on its way through a query; decoded when somebody looks into it. */
export class Hit {
  readonly rid: number
  readonly bytes: Buffer
  textScore = 0
  /** The index key by which it was found. */
  key: Buffer | undefined
  index: IndexTable | undefined
  /** Those that `doc` holds; undefined for all. */
  readonly fields: ReadonlySet<string> | undefined
  #doc: Doc | undefined
  /** With `fields`, nobody looks at any other field of the document. */
  constructor(rid: number, bytes: Buffer, fields?: ReadonlySet<string>) {
    this.rid = rid
    this.bytes = bytes
    this.fields = fields
  }
  get doc(): Doc {
    this.#doc ??= this.fields === undefined ? decodeDocument(this.bytes) : decodeFields(this.bytes, this.fields)
    return this.#doc
  }
}

/** Counts what a query touched, and tells a paused scan that what it read ahead has grown stale. */
export class Reading {
  keysExamined = 0
  docsExamined = 0
  /** The fields that anybody will look at; undefined for all. */
  readonly fields: ReadonlySet<string> | undefined
  /** Raised when a cursor resumes: other commands may have changed the data since. */
  epoch = 0
  constructor(fields?: ReadonlySet<string>) {
    this.fields = fields
  }
}

const FIRST_CHUNK = 16
const SMALL_CHUNK = 32
const LAST_CHUNK = 256
const CHUNK_BYTES = 4 * 1024 * 1024

export function* readPlan(collection: Collection, plan: Plan, reading: Reading, want: number): IterableIterator<Hit> {
  switch (plan.kind) {
    case 'nothing':
      return
    case 'scan':
      yield* scanTable(collection, plan.reverse, reading, want)
      return
    case 'index':
      yield* scanIndex(collection, plan, reading, want)
      return
    case 'union': {
      const seen = new Set<number>()
      for (const part of plan.plans) {
        for (const hit of readPlan(collection, part, reading, want)) {
          if (seen.has(hit.rid)) continue
          seen.add(hit.rid)
          yield hit
        }
      }
      return
    }
    case 'text':
      for (const { rid, score } of textScores(collection, plan.index, plan.search)) {
        const stored = collection.read(rid)
        reading.docsExamined += 1
        if (stored === undefined) continue
        const hit = new Hit(stored.rid, stored.bytes, reading.fields)
        hit.textScore = score
        yield hit
      }
  }
}

function firstChunk(want: number): number {
  return chunkSize(Math.max(1, Math.min(want || FIRST_CHUNK, LAST_CHUNK)))
}

function nextChunk(size: number, bytes: number, rows: number): number {
  const average = rows === 0 ? 1 : bytes / rows
  const fitting = Math.max(1, Math.floor(CHUNK_BYTES / average))
  return chunkSize(Math.min(size * 4, LAST_CHUNK, fitting))
}

/** Few sizes, so that few statements are kept. */
function chunkSize(size: number): number {
  if (size <= SMALL_CHUNK) return size
  return 2 ** Math.ceil(Math.log2(size))
}

function* scanTable(collection: Collection, reverse: boolean, reading: Reading, want: number): IterableIterator<Hit> {
  let last = reverse ? Number.MAX_SAFE_INTEGER : -1
  let size = firstChunk(want)
  for (;;) {
    const rows = tableScan(collection, reverse, size).all(last)
    const { epoch } = reading
    let bytes = 0
    let isStale = false
    for (const raw of rows) {
      const stored = collection.stored(rowOf(raw) ?? [])
      bytes += stored.bytes.length
      last = stored.rid
      reading.docsExamined += 1
      yield new Hit(stored.rid, stored.bytes, reading.fields)
      if (reading.epoch !== epoch) {
        isStale = true
        break
      }
    }
    if (!isStale && rows.length < size) return
    size = nextChunk(size, bytes, rows.length)
  }
}

function* scanIndex(
  collection: Collection,
  plan: Extract<Plan, { kind: 'index' }>,
  reading: Reading,
  want: number,
): IterableIterator<Hit> {
  plan.index.accesses += 1
  const ranges = plan.reverse ? plan.ranges.toReversed() : plan.ranges
  const seen = plan.index.isMultikey ? new Set<number>() : undefined
  const scans = ranges.map((range) => scanRange(collection, plan.index, range, plan.reverse, reading, want))
  for (const hit of plan.merged ? merge(scans, ranges, plan.reverse) : inTurn(scans)) {
    if (seen !== undefined) {
      if (seen.has(hit.rid)) continue
      seen.add(hit.rid)
    }
    yield hit
  }
}

function* inTurn(scans: readonly Iterable<Hit>[]): IterableIterator<Hit> {
  for (const scan of scans) yield* scan
}

/** Runs that are each in order become one: the next is always the first of all heads, by what follows the fixed part. */
function* merge(scans: readonly Iterator<Hit>[], ranges: readonly KeyRange[], reverse: boolean): IterableIterator<Hit> {
  const heads = scans.map((scan, i) => headOf(scan, ranges[i]?.fixedBytes ?? 0)).filter((head) => head !== undefined)
  while (heads.length > 0) {
    let best = 0
    for (let i = 1; i < heads.length; i++) {
      const order = Buffer.compare(heads[i]?.rest ?? AFTER_ALL, heads[best]?.rest ?? AFTER_ALL)
      if (reverse ? order > 0 : order < 0) best = i
    }
    const chosen = heads[best]
    if (chosen === undefined) return
    yield chosen.hit
    const next = headOf(chosen.scan, chosen.fixedBytes)
    if (next === undefined) heads.splice(best, 1)
    else heads[best] = next
  }
}

interface Head {
  scan: Iterator<Hit>
  fixedBytes: number
  hit: Hit
  rest: Buffer
}

function headOf(scan: Iterator<Hit>, fixedBytes: number): Head | undefined {
  const { value: hit, done } = scan.next()
  if (done === true || hit === undefined) return undefined
  return { scan, fixedBytes, hit, rest: hit.key?.subarray(fixedBytes) ?? AFTER_ALL }
}

function* scanRange(
  collection: Collection,
  index: IndexTable,
  range: KeyRange,
  reverse: boolean,
  reading: Reading,
  want: number,
): IterableIterator<Hit> {
  let lastKey = reverse ? range.high : range.low
  let lastRid = -1
  const end = reverse ? range.low : range.high
  let size = firstChunk(want)
  for (;;) {
    const rows = indexScan(collection, index, reverse, size).all(lastKey, lastRid, end)
    const { epoch } = reading
    let bytes = 0
    let isStale = false
    for (const raw of rows) {
      const row = rowOf(raw) ?? []
      const stored = collection.stored(row)
      bytes += stored.bytes.length
      lastKey = blobOf(row[3])
      lastRid = integerOf(row[0])
      reading.keysExamined += 1
      reading.docsExamined += 1
      const hit = new Hit(stored.rid, stored.bytes, reading.fields)
      hit.key = lastKey
      hit.index = index
      yield hit
      if (reading.epoch !== epoch) {
        isStale = true
        break
      }
    }
    if (!isStale && rows.length < size) return
    size = nextChunk(size, bytes, rows.length)
  }
}
