import { compareStrings, compareValues, type StringOrder } from '../bson/compare.ts'
import { display } from '../bson/display.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, UNDEFINED, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { extractKeys } from '../storage/index-keys.ts'
import { isPosition } from './traverse.ts'

export interface SortField {
  path: string
  parts: readonly string[]
  descending: boolean
  /** Sorts by the relevance of a text search. */
  textScore: boolean
}

export function parseSort(sort: Doc): SortField[] {
  return [...sort.entries()].map(([path, direction]) => {
    if (path === '') throw new CommandError('BadValue', 'FieldPath cannot be constructed with empty string')
    if (path.startsWith('$') && path !== '$natural') {
      throw new CommandError(
        16410,
        `FieldPath field names may not start with '$'. Consider using $getField or $setField.`,
      )
    }
    const parts = path.split('.')
    if (parts.includes('')) {
      throw new CommandError(15998, 'FieldPath field names may not be empty strings.')
    }
    if (direction instanceof Doc) return metaField(path, parts, direction)
    const number = isNumeric(direction) ? toNumber(direction) : Number.NaN
    if (Number.isNaN(number))
      throw new CommandError(15974, `Illegal key in $sort specification: ${path}: ${display(direction)}`)
    if (number !== 1 && number !== -1) {
      throw new CommandError(15975, '$sort key ordering must be 1 (for ascending) or -1 (for descending)')
    }
    return { path, parts, descending: number < 0, textScore: false }
  })
}

function metaField(path: string, parts: string[], direction: Doc): SortField {
  if (direction.get('$meta') !== 'textScore') {
    throw new CommandError(17312, '$meta is the only expression supported by $sort right now')
  }
  return { path, parts, descending: true, textScore: true }
}

/** The value by which a document sorts: of an array, its least element going up and its greatest going down. */
export function sortValue(doc: Doc, field: SortField, strings: StringOrder): Value {
  const candidates: (Value | undefined)[] = []
  collect(doc, field.parts, 0, candidates)
  let best: Value | undefined
  for (const candidate of candidates) {
    const value = candidate ?? null
    if (best === undefined) best = value
    else {
      const order = compareValues(value, best, strings)
      if (field.descending ? order > 0 : order < 0) best = value
    }
  }
  return best ?? null
}

/** The values by which a document sorts by several fields. Those of one array belong together, element by element. */
export function sortKeys(doc: Doc, fields: readonly SortField[], strings: StringOrder, textScore = 0): Value[] {
  if (fields.length > 1 && fields.filter((field) => mayHoldArray(doc, field)).length > 1) {
    return leastTuple(doc, fields, strings)
  }
  return fields.map((field) => (field.textScore ? textScore : sortValue(doc, field, strings)))
}

function mayHoldArray(doc: Doc, { parts }: SortField): boolean {
  const value = doc.get(parts[0] ?? '')
  return Array.isArray(value) || (parts.length > 1 && value instanceof Doc)
}

function leastTuple(doc: Doc, fields: readonly SortField[], strings: StringOrder): Value[] {
  const { tuples } = inSort(() =>
    extractKeys(
      doc,
      fields.map(({ parts }) => parts),
    ),
  )
  let [best = []] = tuples
  for (const tuple of tuples) if (compareTuples(tuple, best, fields, strings) < 0) best = tuple
  return best
}

export function compareTuples(
  a: readonly Value[],
  b: readonly Value[],
  fields: readonly SortField[],
  strings: StringOrder = compareStrings,
): number {
  for (const [i, field] of fields.entries()) {
    const order = compareValues(a[i] ?? null, b[i] ?? null, strings)
    if (order !== 0) return field.descending ? -order : order
  }
  return 0
}

function inSort<T>(extract: () => T): T {
  try {
    return extract()
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    throw new CommandError('BadValue', 'cannot sort with keys that are parallel arrays')
  }
}

function collect(value: Value | undefined, parts: readonly string[], at: number, out: (Value | undefined)[]): void {
  if (at === parts.length) {
    if (!Array.isArray(value)) out.push(value)
    else if (value.length === 0) out.push(UNDEFINED)
    else out.push(...value)
  } else if (value instanceof Doc) collect(value.get(parts[at] ?? ''), parts, at + 1, out)
  else if (Array.isArray(value)) {
    const part = parts[at] ?? ''
    if (isPosition(part) && Number(part) < value.length) collect(value[Number(part)], parts, at + 1, out)
    else
      for (const element of value)
        collect(element instanceof Doc ? element : undefined, parts, element instanceof Doc ? at : parts.length, out)
    if (value.length === 0) out.push(undefined)
  } else out.push(undefined)
}

const MAX_SORT_BYTES = 100 * 1024 * 1024

interface Keyed<T> {
  item: T
  keys: Value[]
  position: number
}

/** Sorts in memory, keeping no more than `limit` items where one is given (0 means all). Equal items keep their order. */
export class Sorter<T> {
  readonly #fields: readonly SortField[]
  readonly #strings: StringOrder
  readonly #limit: number
  #kept: Keyed<T>[] = []
  #bytes = 0
  #seen = 0

  constructor(fields: readonly SortField[], limit: number, strings: StringOrder = compareStrings) {
    this.#fields = fields
    this.#limit = limit
    this.#strings = strings
  }

  add(item: T, doc: Doc, bytes: number, textScore = 0): void {
    const keys = sortKeys(doc, this.#fields, this.#strings, textScore)
    this.#kept.push({ item, keys, position: this.#seen++ })
    this.#bytes += bytes
    const { length } = this.#kept
    if (this.#limit > 0 && length >= this.#limit * 2 + 64) this.#trim()
    if (this.#bytes > MAX_SORT_BYTES) {
      throw new CommandError(
        'QueryExceededMemoryLimitNoDiskUseAllowed',
        `Sort exceeded memory limit of ${MAX_SORT_BYTES} bytes, but did not opt in to external sorting.`,
      )
    }
  }

  #trim(): void {
    const average = this.#bytes / this.#kept.length
    this.#order()
    this.#kept.length = Math.min(this.#kept.length, this.#limit)
    this.#bytes = average * this.#kept.length
  }

  #order(): void {
    this.#kept.sort((a, b) => this.#compare(a, b))
  }

  #compare(a: Keyed<T>, b: Keyed<T>): number {
    return compareTuples(a.keys, b.keys, this.#fields, this.#strings) || a.position - b.position
  }

  sorted(): T[] {
    this.#order()
    const items = this.#kept.map(({ item }) => item)
    return this.#limit > 0 ? items.slice(0, this.#limit) : items
  }
}
