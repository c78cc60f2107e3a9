import { Decimal128, Double, Int32, Long, ObjectId } from 'mongodb'

/**
 * A plain model of the query language over values as the driver gives them, written apart from the server's code and
 * for clarity alone. Numbers are compared as exact fractions.
 */
type Fields = Record<string, unknown>

function isFields(value: unknown): value is Fields {
  if (value === null || typeof value !== 'object') return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

function rank(value: unknown): number {
  if (value === undefined || value === null) return 1
  if (value instanceof Int32 || value instanceof Double || value instanceof Long || value instanceof Decimal128)
    return 2
  if (typeof value === 'string') return 3
  if (isFields(value)) return 4
  if (Array.isArray(value)) return 5
  if (value instanceof ObjectId) return 6
  if (typeof value === 'boolean') return 7
  if (value instanceof Date) return 8
  throw new Error('the model does not know this type')
}

/** Tenths of tenths, exact for every number that the generator makes. */
function exact(value: unknown): bigint | 'nan' | 'inf' {
  const text = String(value)
  if (text === 'NaN') return 'nan'
  if (text === 'Infinity') return 'inf'
  const [whole = '0', fraction = ''] = text.split('.')
  const digits = BigInt(`${whole.replace('-', '')}${fraction.padEnd(2, '0')}`)
  return text.startsWith('-') ? -digits : digits
}

function compareNumbers(a: unknown, b: unknown): number {
  const x = exact(a)
  const y = exact(b)
  const order = (value: bigint | 'nan' | 'inf'): number => (value === 'nan' ? 0 : value === 'inf' ? 2 : 1)
  if (typeof x !== 'bigint' || typeof y !== 'bigint') return Math.sign(order(x) - order(y))
  return x < y ? -1 : x > y ? 1 : 0
}

export function compare(a: unknown, b: unknown): number {
  const byRank = Math.sign(rank(a) - rank(b))
  if (byRank !== 0) return byRank
  switch (rank(a)) {
    case 1:
      return 0
    case 2:
      return compareNumbers(a, b)
    case 3:
      return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
    case 4:
      return compareLists(entries(a), entries(b))
    case 5:
      return compareLists(Array.isArray(a) ? a : [], Array.isArray(b) ? b : [])
    case 6:
      return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)))
    default:
      return Math.sign(Number(a) - Number(b))
  }
}

/** The type of a field comes before its name, and its name before its value. */
function entries(value: unknown): unknown[] {
  if (!isFields(value)) return []
  return Object.entries(value).flatMap(([key, inner]) => [new Int32(rank(inner)), key, inner])
}

function compareLists(a: unknown[], b: unknown[]): number {
  for (let i = 0; i < Math.min(a.length, b.length); i++) {
    const order = compare(a[i], b[i])
    if (order !== 0) return order
  }
  return Math.sign(a.length - b.length)
}

/** What a path leads to: each value by itself, arrays on the way opened. */
function reach(value: unknown, parts: readonly string[]): unknown[] {
  const [part, ...rest] = parts
  if (part === undefined) return [value]
  if (Array.isArray(value)) return value.filter(isFields).flatMap((element) => reach(element, parts))
  return reach(isFields(value) ? value[part] : undefined, rest)
}

function candidates(value: unknown): unknown[] {
  return Array.isArray(value) ? [...value, value] : [value]
}

function isNaNumber(value: unknown): boolean {
  return rank(value) === 2 && exact(value) === 'nan'
}

function ordered(value: unknown, operand: unknown, accept: (order: number) => boolean): boolean {
  if (rank(value) !== rank(operand)) return false
  if (isNaNumber(value) !== isNaNumber(operand)) return false
  return accept(compare(value, operand))
}

function holds(values: unknown[], operator: string, operand: unknown): boolean {
  const some = (test: (value: unknown) => boolean): boolean => values.some((value) => candidates(value).some(test))
  switch (operator) {
    case '$eq':
      return some((value) => compare(value, operand) === 0)
    case '$ne':
      return !holds(values, '$eq', operand)
    case '$gt':
      return some((value) => ordered(value, operand, (order) => order > 0))
    case '$gte':
      return some((value) => ordered(value, operand, (order) => order >= 0))
    case '$lt':
      return some((value) => ordered(value, operand, (order) => order < 0))
    case '$lte':
      return some((value) => ordered(value, operand, (order) => order <= 0))
    case '$in':
      return Array.isArray(operand) && operand.some((one) => holds(values, '$eq', one))
    case '$nin':
      return !holds(values, '$in', operand)
    case '$exists':
      return values.some((value) => value !== undefined) === operand
    case '$size':
      return values.some((value) => Array.isArray(value) && value.length === operand)
    default:
      throw new Error(`the model does not know ${operator}`)
  }
}

export function modelMatches(document: Fields, filter: Fields): boolean {
  return Object.entries(filter).every(([key, condition]) => {
    if (key === '$and' || key === '$or') {
      const parts = Array.isArray(condition) ? condition : []
      const test = (part: unknown): boolean => isFields(part) && modelMatches(document, part)
      return key === '$and' ? parts.every(test) : parts.some(test)
    }
    const values = reach(document, key.split('.'))
    return (
      isFields(condition) && Object.entries(condition).every(([operator, operand]) => holds(values, operator, operand))
    )
  })
}
