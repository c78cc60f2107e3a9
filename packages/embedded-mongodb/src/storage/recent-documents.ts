import type { Value } from '../bson/values.ts'
import type { Stored } from './collection.ts'

const MAX_BYTES = 2 * 1024 * 1024
const MAX_DOCUMENT_BYTES = 32 * 1024

/**
 * The documents of a collection that were changed or looked up last, by `_id` where that is a string. What was touched a
 * moment ago is often changed again, and is then not fetched from the table and checked once more. Nobody changes the bytes.
 */
export class RecentDocuments {
  /** When the younger half is full, it becomes the older half, which is forgotten. */
  #younger = new Map<string, Stored>()
  #older = new Map<string, Stored>()
  #bytes = 0

  get(id: Value): Stored | undefined {
    if (typeof id !== 'string') return undefined
    return this.#younger.get(id) ?? this.#older.get(id)
  }

  keep(id: Value | undefined, { rid, bytes }: Stored): void {
    if (typeof id !== 'string') return
    this.drop(id)
    if (bytes.length > MAX_DOCUMENT_BYTES) return
    this.#younger.set(id, { rid, bytes: ownCopy(bytes) })
    this.#bytes += bytes.length
    if (this.#bytes <= MAX_BYTES) return
    this.#older = this.#younger
    this.#younger = new Map()
    this.#bytes = 0
  }

  drop(id: Value | undefined): void {
    if (typeof id !== 'string') return
    this.#bytes -= this.#younger.get(id)?.bytes.length ?? 0
    this.#younger.delete(id)
    this.#older.delete(id)
  }
}

/** A slice of the common pool would keep all of its neighbours in memory. */
function ownCopy(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
