import type { DomainEvent } from '@tradewind/contracts/event'
import type { Document, Filter } from 'mongodb'

/** What the store keeps beside an aggregate's own fields. */
export interface Stored {
  /** Counts the decisions that changed it, from 1. */
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
}

/** An event as it waits in its aggregate until the broker has it, and stays afterwards so that it can be sent again. */
export interface OutboxEntry {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly time: Date
  readonly data: unknown
  readonly traceparent?: string
}

export interface Outbox {
  /** Number of the last entry ever added. */
  readonly seq: number
  /** Number of the last entry that the broker acknowledged, all before it included. */
  readonly published: number
  /** When the oldest entry that is not published yet was added; missing when there is none. Indexed, sparse. */
  readonly pendingAt?: Date
  readonly entries: readonly OutboxEntry[]
}

export interface AggregateDocument {
  readonly _id: string
  readonly version: number
  readonly createdAt: Date
  readonly updatedAt: Date
  /** Names the last write, so that a writer can tell its own from another's after an unclear answer. */
  readonly writeId: string
  readonly outbox: Outbox
  readonly [field: string]: unknown
}

const kept = new Set(['_id', 'id', 'version', 'createdAt', 'updatedAt', 'writeId', 'outbox'])

/** Published entries older than this leave a document that is written again; the saga's reconciler needs none of them. */
const outboxRetentionMs = 7 * 24 * 3600 * 1000
/** Below this many entries nothing is trimmed. */
const outboxTrimAbove = 32

/** The aggregate as domain code sees it. `S` is what was saved, so the shape is the writer's own promise. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- names what the caller stored
export function toState<S extends { id: string }>(document: AggregateDocument): S & Stored {
  const { _id, writeId: _writeId, outbox: _outbox, ...rest } = document
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the one place where a stored document gets its type back
  return { ...rest, id: _id } as unknown as S & Stored
}

const nothingSaid: Outbox = { seq: 0, published: 0, entries: [] }

/**
 * A document that is no aggregate yet becomes one with its first change. An earlier version of a service that runs beside this
 * one may go on writing such documents after they were migrated.
 */
export const withOutbox = (document: AggregateDocument): AggregateDocument =>
  Object.hasOwn(document, 'outbox') ? document : { ...document, outbox: nothingSaid }

/** An event on its way into an outbox, with the trace of the request that caused it. */
export interface TracedEvent {
  readonly event: DomainEvent
  readonly traceparent: string | undefined
}

interface WriteContext {
  readonly now: Date
  readonly writeId: string
  /** Of the aggregate after the write: one more for each decision that changed it. */
  readonly version: number
}

const toEntries = (events: readonly TracedEvent[], firstSeq: number, now: Date) =>
  events.map(
    ({ event, traceparent }, index): OutboxEntry => ({
      seq: firstSeq + index,
      id: event.id,
      type: event.type,
      time: now,
      data: event.data,
      ...(traceparent !== undefined && { traceparent }),
    }),
  )

const fieldsOf = (state: object) => Object.entries(state).filter(([name]) => !kept.has(name))

/** The document that a new aggregate is inserted as. */
export function newDocument(
  id: string,
  state: object,
  events: readonly TracedEvent[],
  context: WriteContext,
): AggregateDocument {
  const entries = toEntries(events, 1, context.now)
  return {
    ...Object.fromEntries(fieldsOf(state).filter(([, value]) => value !== undefined)),
    _id: id,
    version: context.version,
    createdAt: context.now,
    updatedAt: context.now,
    writeId: context.writeId,
    outbox: {
      seq: entries.length,
      published: 0,
      ...(entries.length > 0 && { pendingAt: context.now }),
      entries,
    },
  }
}

export interface DocumentChange {
  readonly next: AggregateDocument
  readonly added: readonly OutboxEntry[]
  readonly filter: Filter<AggregateDocument>
  readonly update: Document
}

/** The guarded single-document update that turns `before` into `state` and carries `events`. */
export function changeDocument(
  before: AggregateDocument,
  state: object,
  events: readonly TracedEvent[],
  context: WriteContext,
): DocumentChange {
  const set: Record<string, unknown> = {
    version: context.version,
    updatedAt: context.now,
    writeId: context.writeId,
  }
  const unset: Record<string, ''> = {}
  const push: Record<string, { $each: readonly unknown[] }> = {}
  const present: Record<string, unknown> = Object.fromEntries(fieldsOf(state))
  for (const [name, value] of Object.entries(present)) {
    if (value === undefined) {
      if (name in before) unset[name] = ''
    } else if (value !== before[name]) {
      const appended = appendedTo(before[name], value)
      if (appended === undefined) set[name] = value
      else push[name] = { $each: appended }
    }
  }
  for (const name of Object.keys(before)) if (!kept.has(name) && !(name in present)) unset[name] = ''

  const added = toEntries(events, before.outbox.seq + 1, context.now)
  const survivors = trimmed(before.outbox, context.now)
  const pendingAt = added.length > 0 ? (before.outbox.pendingAt ?? context.now) : before.outbox.pendingAt
  const outbox: Outbox = {
    seq: before.outbox.seq + added.length,
    published: before.outbox.published,
    ...(pendingAt !== undefined && { pendingAt }),
    entries: [...survivors, ...added],
  }
  const trims = survivors.length < before.outbox.entries.length
  if (added.length > 0) {
    set['outbox.seq'] = outbox.seq
    if (before.outbox.seq === 0) set['outbox.published'] = 0
    set['outbox.pendingAt'] = pendingAt
  }
  if (trims) set['outbox.entries'] = outbox.entries
  else if (added.length > 0) push['outbox.entries'] = { $each: added }

  const next: AggregateDocument = {
    ...Object.fromEntries(fieldsOf(state).filter(([, value]) => value !== undefined)),
    _id: before._id,
    version: context.version,
    createdAt: before.createdAt,
    updatedAt: context.now,
    writeId: context.writeId,
    outbox,
  }
  return {
    next,
    added,
    // A document that was lost and begun again may have reached the same version.
    filter: { _id: before._id, version: before.version, writeId: before.writeId },
    update: {
      $set: set,
      ...(Object.keys(unset).length > 0 && { $unset: unset }),
      ...(Object.keys(push).length > 0 && { $push: push }),
    },
  }
}

/** A list below this length is written as a whole. */
const pushFrom = 16

/**
 * What a longer list has more than the list it was made from, when nothing else about it changed. A list that many
 * decisions grow is then not sent as a whole with each of them.
 */
function appendedTo(before: unknown, after: unknown): readonly unknown[] | undefined {
  if (!Array.isArray(before) || !Array.isArray(after)) return undefined
  if (before.length < pushFrom || after.length <= before.length) return undefined
  for (let index = 0; index < before.length; index += 1) if (before[index] !== after[index]) return undefined
  return after.slice(before.length)
}

function trimmed(outbox: Outbox, now: Date): readonly OutboxEntry[] {
  if (outbox.entries.length <= outboxTrimAbove) return outbox.entries
  const oldest = now.getTime() - outboxRetentionMs
  return outbox.entries.filter(({ seq, time }) => seq > outbox.published || time.getTime() > oldest)
}
