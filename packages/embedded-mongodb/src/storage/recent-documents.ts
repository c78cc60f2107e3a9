import type { Value } from '../bson/values.ts'
import type { Stored } from './collection.ts'

const MAX_BYTES = 4 * 1024 * 1024
const MAX_DOCUMENT_BYTES = 32 * 1024

/**
 * The documents of a collection that were read or written last, by `_id` where that is a string. What was written a moment
 * ago is often changed again, and is then not fetched from the table and checked once more. Nobody changes the bytes.
 */
export class RecentDocuments {
  readonly #documents = new Map<string, Stored>()
  #bytes = 0

  get(id: Value): Stored | undefined {
    return typeof id === 'string' ? this.#documents.get(id) : undefined
  }

  keep(id: Value | undefined, { rid, bytes }: Stored): void {
    if (typeof id !== 'string') return
    this.drop(id)
    if (bytes.length > MAX_DOCUMENT_BYTES) return
    this.#documents.set(id, { rid, bytes: ownCopy(bytes) })
    this.#bytes += bytes.length
    if (this.#bytes > MAX_BYTES) this.#dropOldest()
  }

  drop(id: Value | undefined): void {
    if (typeof id !== 'string') return
    this.#bytes -= this.#documents.get(id)?.bytes.length ?? 0
    this.#documents.delete(id)
  }

  #dropOldest(): void {
    for (const [id, { bytes }] of this.#documents) {
      if (this.#bytes <= MAX_BYTES) return
      this.#documents.delete(id)
      this.#bytes -= bytes.length
    }
  }
}

/** A slice of the common pool would keep all of its neighbours in memory. */
function ownCopy(bytes: Buffer): Buffer {
  if (bytes.buffer.byteLength === bytes.length) return bytes
  const copy = Buffer.allocUnsafeSlow(bytes.length)
  bytes.copy(copy)
  return copy
}
