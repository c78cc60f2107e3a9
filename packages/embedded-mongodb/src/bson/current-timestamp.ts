import { Doc, Timestamp, type Value } from './values.ts'

let increment = 0

/** A timestamp of now, greater than every one before it in this process. */
export function currentTimestamp(): Timestamp {
  increment += 1
  return new Timestamp(Math.floor(Date.now() / 1000), increment)
}

/** The server fills in empty timestamps at the top level of a document that is inserted or that replaces another. */
export function isEmptyTimestamp(value: Value): boolean {
  return value instanceof Timestamp && value.seconds === 0 && value.increment === 0
}

export function withTimestamps(doc: Doc): Doc {
  const filled = doc.values.map((value, i) =>
    doc.keys[i] !== '_id' && isEmptyTimestamp(value) ? currentTimestamp() : value,
  )
  return new Doc(doc.keys.slice(), filled)
}
