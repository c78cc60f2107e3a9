import { Doc, isInt32, type Value } from './values.ts'

export type TypeName =
  | 'double'
  | 'string'
  | 'object'
  | 'array'
  | 'binData'
  | 'undefined'
  | 'objectId'
  | 'bool'
  | 'date'
  | 'null'
  | 'regex'
  | 'dbPointer'
  | 'javascript'
  | 'symbol'
  | 'javascriptWithScope'
  | 'int'
  | 'timestamp'
  | 'long'
  | 'decimal'
  | 'minKey'
  | 'maxKey'

/** Type numbers and aliases as `$type` takes them (BSON specification 1.1). */
export const TYPE_NUMBERS: Record<TypeName, number> = {
  double: 1,
  string: 2,
  object: 3,
  array: 4,
  binData: 5,
  undefined: 6,
  objectId: 7,
  bool: 8,
  date: 9,
  null: 10,
  regex: 11,
  dbPointer: 12,
  javascript: 13,
  symbol: 14,
  javascriptWithScope: 15,
  int: 16,
  timestamp: 17,
  long: 18,
  decimal: 19,
  minKey: -1,
  maxKey: 127,
}

export function typeName(value: Value): TypeName {
  if (typeof value === 'string') return 'string'
  if (typeof value === 'number') return isInt32(value) ? 'int' : 'double'
  if (typeof value === 'bigint') return 'long'
  if (typeof value === 'boolean') return 'bool'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  if (typeof value !== 'object') return 'undefined'
  if (value instanceof Doc || value.tag === 'raw') return 'object'
  if (value.tag === 'code') return value.scope === undefined ? 'javascript' : 'javascriptWithScope'
  return value.tag
}

/** Rank of a type in the server's comparison order across types. */
export const CANONICAL_RANK: Record<TypeName, number> = {
  minKey: 5,
  undefined: 10,
  null: 15,
  int: 30,
  long: 30,
  double: 30,
  decimal: 30,
  string: 40,
  symbol: 40,
  object: 50,
  array: 60,
  binData: 70,
  objectId: 80,
  bool: 90,
  date: 100,
  timestamp: 110,
  regex: 120,
  dbPointer: 130,
  javascript: 140,
  javascriptWithScope: 150,
  maxKey: 240,
}

const RANK_NUMBER = CANONICAL_RANK.int
const RANK_STRING = CANONICAL_RANK.string
const RANK_BOOL = CANONICAL_RANK.bool

export function canonicalRank(value: Value): number {
  if (typeof value === 'string') return RANK_STRING
  if (typeof value === 'number' || typeof value === 'bigint') return RANK_NUMBER
  if (typeof value === 'boolean') return RANK_BOOL
  return CANONICAL_RANK[typeName(value)]
}
