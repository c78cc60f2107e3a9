import { Doc, Regex, type Value } from '../bson/values.ts'

/** A query as `explain` shows it: every condition spelled out with its operator, several of them under `$and`. */
export function normalizeFilter(filter: Doc): Doc {
  const conditions = [...filter.entries()].flatMap(([key, value]) => normalizeEntry(key, value))
  const [only] = conditions
  if (conditions.length === 0) return new Doc()
  return conditions.length === 1 && only !== undefined ? only : Doc.of('$and', conditions)
}

function normalizeEntry(key: string, value: Value): Doc[] {
  if (key === '$comment') return []
  if (key === '$and' && Array.isArray(value)) return value.flatMap((one) => conditionsOf(one))
  if ((key === '$or' || key === '$nor') && Array.isArray(value)) {
    return [
      Doc.of(
        key,
        value.map((one) => (one instanceof Doc ? normalizeFilter(one) : one)),
      ),
    ]
  }
  if (key.startsWith('$')) return [Doc.of(key, value)]
  if (value instanceof Regex) return [Doc.of(key, regexCondition(value))]
  if (!(value instanceof Doc) || !(value.keys[0]?.startsWith('$') ?? false)) return [Doc.of(key, Doc.of('$eq', value))]
  return [...value.entries()].flatMap(([operator, operand]) => normalizeOperator(key, operator, operand, value))
}

function conditionsOf(filter: Value): Doc[] {
  if (!(filter instanceof Doc)) return []
  return [...filter.entries()].flatMap(([key, value]) => normalizeEntry(key, value))
}

function normalizeOperator(key: string, operator: string, operand: Value, all: Doc): Doc[] {
  const one = (name: string, value: Value): Doc => Doc.of(key, Doc.of(name, value))
  switch (operator) {
    case '$options':
      return []
    case '$regex':
      return [Doc.of(key, Doc.from({ $regex: operand, $options: all.get('$options') }))]
    case '$ne':
      return [one('$not', Doc.of('$eq', operand))]
    case '$nin':
      return [one('$not', Doc.of('$in', operand))]
    case '$in':
      return [Array.isArray(operand) && operand.length === 1 ? one('$eq', operand[0] ?? null) : one('$in', operand)]
    default:
      return [one(operator, operand)]
  }
}

function regexCondition({ pattern, options }: Regex): Doc {
  return Doc.from({ $regex: pattern, $options: options === '' ? undefined : options })
}
