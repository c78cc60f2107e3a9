import { ImportedAdjustment, ImportedCount, ImportedProduct } from '@tradewind/contracts/jobs'
import { compile, faultsOf } from '@tradewind/service-kit/validation'
import type { TSchema } from 'typebox'
import { type Entry, type FileItem, faultsFor, type RowFault } from '../domain/file-item.ts'
import { maxFaults } from './limits.ts'

export type Judged<T> =
  | { readonly entry: Entry<T>; readonly faults?: undefined }
  | { readonly entry?: undefined; readonly faults: readonly RowFault[] }

/** Holds an item against the contract, as a route does with its body. */
export type Judge<T> = (item: FileItem) => Judged<T>

function judgeBy<T>(schema: TSchema): Judge<T> {
  const isValid = compile<T>(schema)
  return (item) => {
    if (item.faults.length > 0) return { faults: item.faults.slice(0, maxFaults) }
    const { value } = item
    if (isValid(value)) return { entry: { item, value } }
    const errors = faultsOf('', isValid.errors).slice(0, maxFaults)
    return { faults: faultsFor(item, { code: 'INVALID_INPUT', message: 'The row is not valid.', errors }) }
  }
}

export const judgeProduct = judgeBy<ImportedProduct>(ImportedProduct)

const judgeCount = judgeBy<ImportedCount>(ImportedCount)
const judgeAdjustment = judgeBy<ImportedAdjustment>(ImportedAdjustment)

/** A row with a `delta` adds or takes, any other counts. */
export const judgeStock: Judge<ImportedCount | ImportedAdjustment> = (item) =>
  typeof item.value === 'object' && item.value !== null && 'delta' in item.value
    ? judgeAdjustment(item)
    : judgeCount(item)
