import type { Collation } from '../query/collation.ts'
import type { TextSearch } from '../query/filter.ts'
import type { Matcher } from '../query/matcher.ts'
import type { SortField } from '../query/sort.ts'
import type { IndexTable } from '../storage/index-table.ts'
import type { KeyRange } from './key-ranges.ts'

/** How the documents of a query are found. Whatever the plan, the filter is asked of every document again. */
export type Plan =
  | { kind: 'scan'; reverse: boolean; sorted: boolean }
  | {
      kind: 'index'
      index: IndexTable
      ranges: KeyRange[]
      reverse: boolean
      sorted: boolean
      bounded: boolean
      exact: boolean
      /** The ranges are each in order, and are to be merged into one. */
      merged: boolean
      /** The keys decide every condition, so that the documents need not be asked again. */
      covers: boolean
      /** Fields of the index that the conditions narrow down. */
      boundFields: number
    }
  | { kind: 'union'; plans: Plan[]; sorted: false }
  | { kind: 'text'; index: IndexTable; search: TextSearch; sorted: false }
  | { kind: 'nothing'; sorted: true }

export interface PlanRequest {
  matcher: Matcher
  sort: readonly SortField[]
  limit: number
  collation: Collation | undefined
  hint: Hint | undefined
}

export type Hint = { kind: 'index'; index: IndexTable } | { kind: 'natural'; reverse: boolean }
