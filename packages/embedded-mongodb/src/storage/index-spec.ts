import type { Doc } from '../bson/values.ts'
import type { Collation } from '../query/collation.ts'
import type { Matcher } from '../query/matcher.ts'

export interface IndexField {
  path: string
  parts: readonly string[]
  descending: boolean
}

/** What an index is, parsed once from the specification that the client gave. */
export interface IndexSpec {
  name: string
  /** As the client gave it, and as `listIndexes` shows it. */
  source: Doc
  keyPattern: Doc
  fields: readonly IndexField[]
  unique: boolean
  sparse: boolean
  hidden: boolean
  partial: Matcher | undefined
  ttlSeconds: number | undefined
  collation: Collation | undefined
  /** For a text index: the weight of each field; `$**` stands for all. */
  textWeights: ReadonlyMap<string, number> | undefined
  textLanguage: string
  hashed: boolean
}
