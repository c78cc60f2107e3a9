import { randomBytes } from 'node:crypto'
import { Doc, RawDocument, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

/** A stream of encoded documents that can stop between two of them. */
export interface Results {
  next(): Buffer | undefined
  /** Whether it is known, without looking further, that nothing follows. */
  isKnownDone(): boolean
  /** Called before a paused stream goes on: the data may have changed meanwhile. */
  resume(): void
}

interface Cursor {
  id: bigint
  ns: string
  results: Results
  pending: Buffer | undefined
  usedAtMs: number
  keep: boolean
}

const MAX_CURSORS = 10_000
const TIMEOUT_MS = 10 * 60_000
const FIRST_BATCH = 101
/** A reply stays below the largest message with room for what surrounds the documents. */
const MAX_BATCH_BYTES = 16 * 1024 * 1024

/** The open cursors of a server. */
export class Cursors {
  readonly #open = new Map<bigint, Cursor>()
  timedOut = 0
  /** Documents given out so far. */
  returned = 0

  get count(): number {
    return this.#open.size
  }

  /** The reply to a command that opens a cursor. */
  first(ns: string, results: Results, batchSize: number | undefined, singleBatch: boolean, keep = false): Doc {
    const cursor: Cursor = { id: 0n, ns, results, pending: undefined, usedAtMs: Date.now(), keep }
    const batch = this.#fill(cursor, batchSize ?? FIRST_BATCH)
    const isOpen = !singleBatch && !isDone(cursor)
    if (isOpen) this.#register(cursor)
    return Doc.of('cursor', Doc.from({ firstBatch: batch, id: cursor.id, ns }))
  }

  #register(cursor: Cursor): void {
    if (this.#open.size >= MAX_CURSORS) this.#dropOldest()
    do cursor.id = randomBytes(8).readBigInt64LE() & 0x7fffffffffffffffn
    while (cursor.id === 0n || this.#open.has(cursor.id))
    this.#open.set(cursor.id, cursor)
  }

  #dropOldest(): void {
    for (const id of this.#open.keys()) {
      this.#open.delete(id)
      return
    }
  }

  next(id: bigint, ns: string, batchSize: number | undefined): Doc {
    const cursor = this.#open.get(id)
    if (cursor === undefined) throw new CommandError('CursorNotFound', `cursor id ${id} not found`)
    if (cursor.ns !== ns) {
      throw new CommandError(
        'Unauthorized',
        `Requested getMore on namespace '${ns}', but cursor belongs to a different namespace ${cursor.ns}`,
      )
    }
    cursor.results.resume()
    cursor.usedAtMs = Date.now()
    this.#open.delete(id)
    const batch = this.#fill(cursor, batchSize === undefined || batchSize === 0 ? Number.POSITIVE_INFINITY : batchSize)
    const isOpen = !isDone(cursor)
    // Set again, so that the map stays in the order of use.
    if (isOpen) this.#open.set(id, cursor)
    return Doc.of('cursor', Doc.from({ nextBatch: batch, id: isOpen ? id : 0n, ns }))
  }

  kill(id: bigint): boolean {
    return this.#open.delete(id)
  }

  killAll(): void {
    this.#open.clear()
  }

  /** Whoever reads on is told why nothing follows. */
  killNamespace(ns: string, why: string): void {
    const failing: Results = {
      next: () => {
        throw new CommandError('QueryPlanKilled', why)
      },
      isKnownDone: () => false,
      resume: () => undefined,
    }
    for (const cursor of this.#open.values()) {
      if (cursor.ns !== ns) continue
      cursor.results = failing
      cursor.pending = undefined
    }
  }

  expire(nowMs: number): void {
    for (const [id, cursor] of this.#open) {
      if (cursor.keep || nowMs - cursor.usedAtMs < TIMEOUT_MS) continue
      this.#open.delete(id)
      this.timedOut += 1
    }
  }

  #fill(cursor: Cursor, wanted: number): Value[] {
    const batch: Value[] = []
    let bytes = 0
    while (batch.length < wanted) {
      const next = cursor.pending ?? cursor.results.next()
      cursor.pending = undefined
      if (next === undefined) {
        cursor.results = EXHAUSTED
        break
      }
      if (batch.length > 0 && bytes + next.length > MAX_BATCH_BYTES) {
        cursor.pending = next
        break
      }
      bytes += next.length
      batch.push(new RawDocument(next))
    }
    this.returned += batch.length
    return batch
  }
}

function isDone(cursor: Cursor): boolean {
  return cursor.pending === undefined && cursor.results.isKnownDone()
}

const EXHAUSTED: Results = { next: () => undefined, isKnownDone: () => true, resume: () => undefined }

/** Results that were all worked out before the first one is sent. */
export function arrayResults(documents: Buffer[]): Results {
  let at = 0
  return { next: () => documents[at++], isKnownDone: () => at >= documents.length, resume: () => undefined }
}
