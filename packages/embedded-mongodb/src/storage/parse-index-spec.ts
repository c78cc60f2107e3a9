import { display, displayDoc } from '../bson/display.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { typeName } from '../bson/type-names.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { parseCollation } from '../query/collation.ts'
import { compileFilter, type Matcher } from '../query/matcher.ts'
import type { IndexField, IndexSpec } from './index-spec.ts'

const KNOWN_OPTIONS = new Set([
  'v',
  'key',
  'name',
  'ns',
  'unique',
  'sparse',
  'background',
  'expireAfterSeconds',
  'partialFilterExpression',
  'collation',
  'hidden',
  'weights',
  'default_language',
  'language_override',
  'textIndexVersion',
  'prepareUnique',
])
const MAX_FIELDS = 32

/** Checks a specification of `createIndexes`, or one that was stored. */
export function parseIndexSpec(source: Doc): IndexSpec {
  for (const option of source.keys) {
    if (!KNOWN_OPTIONS.has(option)) {
      throw new CommandError(
        'InvalidIndexSpecificationOption',
        `The field '${option}' is not valid for an index specification. Specification: ${displayDoc(source)}`,
      )
    }
  }
  const keyPattern = source.get('key')
  if (!(keyPattern instanceof Doc)) throw missing('key')
  const name = source.get('name')
  if (typeof name !== 'string') throw missing('name')
  const partial = parsePartial(source)
  const sparse = flag(source, 'sparse')
  if (sparse && partial !== undefined) {
    throw new CommandError('CannotCreateIndex', 'cannot mix "partialFilterExpression" and "sparse" options')
  }
  return {
    name,
    source,
    keyPattern,
    ...parseKeys(keyPattern, source),
    unique: flag(source, 'unique') || name === '_id_',
    sparse,
    hidden: flag(source, 'hidden'),
    partial,
    ttlSeconds: parseTtl(source, keyPattern),
    collation: parseCollation(source.get('collation')),
  }
}

function missing(field: string): CommandError {
  return new CommandError('FailedToParse', `The '${field}' field is a required property of an index specification`)
}

function flag(source: Doc, name: string): boolean {
  const value = source.get(name)
  if (value === undefined || typeof value === 'boolean') return value ?? false
  if (isNumeric(value)) return toNumber(value) !== 0
  throw new CommandError(
    'TypeMismatch',
    `The field '${name}' has value ${name}: ${display(value)}, which is not convertible to bool`,
  )
}

function parsePartial(source: Doc): Matcher | undefined {
  const filter = source.get('partialFilterExpression')
  if (filter === undefined) return undefined
  if (!(filter instanceof Doc)) {
    throw new CommandError('TypeMismatch', "The field 'partialFilterExpression' must be an object")
  }
  const matcher = compileFilter(filter, {})
  if (!matcher.isPartialIndexable) {
    throw new CommandError('CannotCreateIndex', `Expression not supported in partial index: ${displayDoc(filter)}`)
  }
  return matcher
}

function parseTtl(source: Doc, keyPattern: Doc): number | undefined {
  const seconds = source.get('expireAfterSeconds')
  if (seconds === undefined) return undefined
  if (!isNumeric(seconds)) {
    throw new CommandError('TypeMismatch', "TTL index 'expireAfterSeconds' option must be numeric")
  }
  const value = toNumber(seconds)
  if (!(value >= 0 && value <= 2147483647)) {
    throw new CommandError(
      'CannotCreateIndex',
      `TTL index 'expireAfterSeconds' option must be within an acceptable range, try a different number than ${value}`,
    )
  }
  if (keyPattern.size !== 1 || keyPattern.has('_id')) {
    throw new CommandError(
      'CannotCreateIndex',
      'TTL indexes are single-field indexes, compound indexes do not support TTL',
    )
  }
  return value
}

type Keys = Pick<IndexSpec, 'fields' | 'textWeights' | 'textLanguage' | 'hashed'>

function parseKeys(pattern: Doc, source: Doc): Keys {
  if (pattern.size === 0) throw new CommandError('CannotCreateIndex', 'Index keys cannot be an empty object')
  if (pattern.size > MAX_FIELDS) {
    throw new CommandError('CannotCreateIndex', `Index key pattern too large: ${pattern.size}`)
  }
  const fields: IndexField[] = []
  const text = new Map<string, number>()
  let hashed = false
  for (const [path, kind] of pattern.entries()) {
    checkPath(path)
    if (kind === 'text') text.set(path, 1)
    else if (kind === 'hashed') {
      hashed = true
      fields.push({ path, parts: path.split('.'), descending: false })
    } else if (path !== '_fts' && path !== '_ftsx') fields.push(ordered(path, kind, pattern))
  }
  text.delete('_fts')
  const weights = source.get('weights')
  if (weights instanceof Doc) {
    for (const [path, weight] of weights.entries()) text.set(path, isNumeric(weight) ? toNumber(weight) : 1)
  }
  const language = source.get('default_language')
  return {
    fields,
    hashed,
    textWeights: text.size === 0 ? undefined : text,
    textLanguage: typeof language === 'string' ? language : 'english',
  }
}

function checkPath(path: string): void {
  const parts = path.split('.')
  if (path === '' || parts.includes('')) {
    throw new CommandError('CannotCreateIndex', 'Index keys cannot contain an empty field.')
  }
  if (parts.some((part) => part.startsWith('$') && part !== '$**' && !/^\$(?:id|ref|db)$/.test(part))) {
    throw new CommandError('CannotCreateIndex', `Index key contains an illegal field name: field name starts with '$'.`)
  }
}

function ordered(path: string, kind: Value, pattern: Doc): IndexField {
  if (path === '$**' || path.endsWith('.$**')) {
    throw new CommandError('CannotCreateIndex', 'wildcard indexes are not supported')
  }
  if (typeof kind === 'string') {
    const known = ['2d', '2dsphere', 'geoHaystack'].includes(kind)
    throw new CommandError(
      'CannotCreateIndex',
      known ? `index type '${kind}' is not supported` : `Unknown index plugin '${kind}'`,
    )
  }
  if (!isNumeric(kind)) {
    throw new CommandError(
      'TypeMismatch',
      `Values in v:2 index key pattern cannot be of type ${typeName(kind)}. Only numbers > 0, numbers < 0, and strings are allowed.`,
    )
  }
  const direction = toNumber(kind)
  if (direction === 0 || Number.isNaN(direction)) {
    throw new CommandError(
      'CannotCreateIndex',
      `Values in the index key pattern cannot be 0. Key pattern: ${displayDoc(pattern)}`,
    )
  }
  return { path, parts: path.split('.'), descending: direction < 0 }
}
