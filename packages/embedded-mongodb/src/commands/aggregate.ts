import { textScores } from '../aggregate/operators/metadata.ts'
import {
  compilePipeline,
  countedField,
  FREE_SOURCES,
  hitDocuments,
  pushDown,
  pushedHits,
  pushedQuery,
  SOURCES,
  unknownStage,
} from '../aggregate/pipeline.ts'
import type { PipelineContext } from '../aggregate/stage.ts'
import { stageParts } from '../aggregate/stage-parts.ts'
import { encodeDocument } from '../bson/encode.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError, inContext } from '../errors.ts'
import type { Hint } from '../planner/plan.ts'
import { Reading } from '../planner/read-plan.ts'
import type { Collection } from '../storage/collection.ts'
import type { Command, Invocation } from './command.ts'
import type { Results } from './cursors.ts'
import { effectiveCollation, resolveHint, variablesOf } from './query-options.ts'

export const aggregate: Command = {
  name: 'aggregate',
  writes: (body) => writesResults(body.get('pipeline')),
  fields: [
    'pipeline',
    'cursor',
    'explain',
    'allowDiskUse',
    'bypassDocumentValidation',
    'collation',
    'hint',
    'let',
    'fromMongos',
    'needsMerge',
    'isMapReduceCommand',
  ],
  run: (invocation) => {
    const { instance, fields, db } = invocation
    const target = fields.get('aggregate')
    const isWholeDatabase = isNumeric(target) && toNumber(target) === 1
    const name = isWholeDatabase ? '$cmd.aggregate' : fields.collectionIn(db, 'aggregate')
    const stages = fields.array('pipeline')
    if (stages === undefined) throw fields.missing('pipeline')
    const cursor = fields.doc('cursor')
    if (cursor === undefined) {
      throw new CommandError(
        'FailedToParse',
        "The 'cursor' option is required, except for aggregate with the explain argument",
      )
    }
    const batchSize = cursor.get('batchSize')
    const size = isNumeric(batchSize) ? toNumber(batchSize) : undefined
    const context = contextOf(invocation, name)
    const first = stages[0] === undefined ? '' : stageParts(stages[0])[0]
    if (first === '$changeStream') throw unknownStage(first)
    if (isWholeDatabase && !FREE_SOURCES.has(first)) {
      throw new CommandError(
        'InvalidNamespace',
        `{aggregate: 1} is not valid for '${first}'; a collection is required.`,
      )
    }
    instance.opcounters.query += 1
    const collection = instance.catalog.get(db, name)
    const results = pipelineResults(collection, stages, context, hintOf(invocation, collection))
    return inContext('PlanExecutor error during aggregation', () => {
      if (writesResults(stages)) while (results.next() !== undefined);
      return instance.cursors.first(`${db}.${name}`, results, size, false)
    })
  },
}

function writesResults(stages: Value | undefined): boolean {
  if (!Array.isArray(stages)) return false
  const last = stages.at(-1)
  return last instanceof Doc && (last.keys[0] === '$out' || last.keys[0] === '$merge')
}

function hintOf({ fields }: Invocation, collection: Collection | undefined): Hint | undefined {
  return collection === undefined ? undefined : resolveHint(collection, fields.optional('hint'))
}

export function contextOf(invocation: Invocation, name: string): PipelineContext {
  const { instance, db, fields, deadlineMs } = invocation
  return {
    instance,
    db,
    collection: name,
    variables: variablesOf(fields),
    collation: effectiveCollation(fields, instance.catalog.get(db, name)),
    deadlineMs,
    depth: 0,
    textScores,
    subPipeline: compilePipeline,
    readThrough,
  }
}

/** Reads another collection through a pipeline, its first stages answered by indexes. */
const readThrough: PipelineContext['readThrough'] = (db, name, stages, context) => {
  const inner = { ...context, db, collection: name }
  const pushed = pushDown(stages)
  const collection = context.instance.catalog.get(db, name)
  const run = compilePipeline(pushed.rest, inner)
  return run(
    collection === undefined
      ? []
      : hitDocuments(pushedHits(collection, pushed, inner, new Reading(), undefined), inner),
  )
}

function pipelineResults(
  collection: Collection | undefined,
  stages: readonly Value[],
  context: PipelineContext,
  hint: Hint | undefined,
): Results {
  const reading = new Reading()
  const iterator = encoded(collection, stages, context, hint, reading)[Symbol.iterator]()
  let isEnded = false
  return {
    next: () => {
      const { value, done } = iterator.next()
      if (done === true) isEnded = true
      return done === true ? undefined : value
    },
    isKnownDone: () => isEnded,
    resume: () => {
      reading.epoch += 1
    },
  }
}

function encoded(
  collection: Collection | undefined,
  stages: readonly Value[],
  context: PipelineContext,
  hint: Hint | undefined,
  reading: Reading,
): Iterable<Buffer> {
  const first = stages[0] === undefined ? '' : stageParts(stages[0])[0]
  if (SOURCES.has(first)) return encodeAll(compilePipeline(stages, context)([]))
  const pushed = pushDown(stages)
  const run = compilePipeline(pushed.rest, context)
  // Parsed even when there is nothing to read, for its errors.
  const query = pushedQuery(pushed, context, hint)
  if (collection === undefined) return encodeAll(run([]))
  const counted = countedField(pushed.rest)
  if (counted !== undefined) return encodeAll(countAll(collection, pushed, context, hint, reading, counted))
  const hits = pushedHits(collection, pushed, context, reading, hint)
  if (pushed.rest.length === 0 && query.matcher.text === undefined) return bytesOf(hits)
  return encodeAll(run(hitDocuments(hits, context)))
}

function* bytesOf(hits: ReturnType<typeof pushedHits>): Iterable<Buffer> {
  for (const hit of hits) yield hit.bytes
}

function* encodeAll(documents: Iterable<Doc>): Iterable<Buffer> {
  for (const doc of documents) yield encodeDocument(doc)
}

function* countAll(
  collection: Collection,
  pushed: ReturnType<typeof pushDown>,
  context: PipelineContext,
  hint: Hint | undefined,
  reading: Reading,
  { id, field }: { id: Value; field: string },
): Iterable<Doc> {
  let n = 0
  if (pushed.filter.size === 0 && pushed.skip === 0 && pushed.limit === 0) n = collection.totals().count
  else for (const _ of pushedHits(collection, pushed, context, reading, hint)) n += 1
  if (n > 0) yield new Doc(['_id', field], [id, n])
}
