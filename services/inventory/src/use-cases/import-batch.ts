import { DomainError } from '@tradewind/service-kit/errors'
import { type Entry, faultsFor, type RowFault } from '../domain/file-item.ts'
import { JobLost } from '../domain/job.ts'
import type { JobHold } from './hold-job.ts'

/** What a batch is imported with. */
export interface BatchContext {
  readonly hold: JobHold
  /** Notes a refusal with the batch. */
  readonly refuse: (entry: Entry<unknown>, faults: readonly RowFault[]) => void
  /**
   * Keeps a refusal before anything after it is written, so that a repetition of the batch refuses the same: what comes
   * later may have made room for it.
   */
  readonly refuseForGood: (entry: Entry<unknown>, faults: readonly RowFault[]) => Promise<void>
}

/** Imports rows that have the right shape. What it throws is no fault of a row. */
export type ImportBatch<T> = (entries: readonly Entry<T>[], context: BatchContext) => Promise<void>

/** The faults of a row whose write was refused. Throws the error itself where it says nothing about the row. */
export function faultsOfRefusal({ item }: Entry<unknown>, error: unknown): RowFault[] {
  if (!(error instanceof DomainError) || error.kind === 'unavailable' || JobLost.is(error)) throw error
  return faultsFor(item, error)
}
