import { display } from '../../bson/display.ts'
import { type Doc, makeDouble, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import type { Operator } from '../scope.ts'

/** How relevant a text search found each document that is on its way through a pipeline. */
export const textScores = new WeakMap<Doc, number>()

const KNOWN = ['textScore', 'indexKey', 'recordId', 'sortKey', 'randVal', 'searchScore', 'geoNearDistance']

/** Only the score of a text search is kept beside documents. */
export function checkMeta(operand: Value): void {
  if (operand === 'textScore') return
  if (typeof operand === 'string' && KNOWN.includes(operand)) {
    throw new CommandError(40218, `query requires ${operand} metadata, but it is not available`)
  }
  throw new CommandError(
    17308,
    `Unsupported argument to $meta: ${typeof operand === 'string' ? operand : display(operand)}`,
  )
}

const meta: Operator = (operand) => {
  checkMeta(operand)
  return ({ root }) => {
    const score = textScores.get(root)
    return score === undefined ? undefined : makeDouble(score)
  }
}

export const METADATA: [string, Operator][] = [['$meta', meta]]
