import { isEmptyTimestamp, withTimestamps } from '../bson/current-timestamp.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Update } from './parse-update.ts'

/** A whole new document; the `_id` stays. */
export function parseReplacement(replacement: Doc): Update {
  for (const key of replacement.keys) {
    if (key.startsWith('$')) {
      throw new CommandError(
        'DollarPrefixedFieldName',
        `The dollar ($) prefixed field '${key}' in '${key}' is not allowed in the context of an update's replacement document. Consider using an aggregation pipeline with $replaceWith.`,
      )
    }
  }
  const hasEmptyTimestamp = replacement.values.some(isEmptyTimestamp)
  return {
    touched: undefined,
    touchedFields: undefined,
    needsPosition: false,
    kind: 'replacement',
    apply: (doc) => withId(hasEmptyTimestamp ? withTimestamps(replacement) : replacement, doc.get('_id')),
  }
}

function withId(replacement: Doc, id: Value | undefined): Doc {
  const own = replacement.get('_id') ?? id
  const made = new Doc()
  if (own !== undefined) made.push('_id', own)
  for (const [key, value] of replacement.entries()) if (key !== '_id') made.push(key, value)
  return made
}
