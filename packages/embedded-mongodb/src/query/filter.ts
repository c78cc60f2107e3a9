import type { Doc, Value } from '../bson/values.ts'

/** How a predicate meets an array: `expand` tries its elements and then the whole, `whole` only the array itself. */
export type Reach = 'expand' | 'whole'

/** A condition on one value. The fields beside `test` let the planner turn it into index bounds. */
export interface Predicate {
  reach: Reach
  test: (value: Value | undefined) => boolean
  bounds?: Bounds
  /** The conditions within `$elemMatch`, which all hold for one and the same element. */
  element?: { predicates?: Predicate[]; filter?: Node }
}

export type Bounds =
  | { op: 'eq' | 'lt' | 'lte' | 'gt' | 'gte'; value: Value }
  | { op: 'in'; values: Value[] }
  | { op: 'prefix'; prefix: string }
  | { op: 'exists' }

export interface PathNode {
  kind: 'path'
  path: string
  parts: readonly string[]
  predicate: Predicate
}

/** A parsed query. */
export type Node =
  | { kind: 'and' | 'or' | 'nor'; nodes: Node[] }
  | { kind: 'not'; node: Node }
  | PathNode
  | { kind: 'expr'; test: (doc: Doc) => boolean }
  | { kind: 'text'; search: TextSearch }
  | { kind: 'always'; value: boolean }

export interface TextSearch {
  search: string
  language: string | undefined
  caseSensitive: boolean
  diacriticSensitive: boolean
}
