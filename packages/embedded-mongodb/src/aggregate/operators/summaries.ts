import type { Value } from '../../bson/values.ts'
import { type Operator, variadic } from '../scope.ts'
import { average, deviation, extreme, sum } from '../summary.ts'

/** With one operand that is an array, the elements are summarised; with several, the operands themselves. */
function summary(name: string, apply: (values: readonly (Value | undefined)[]) => Value): [string, Operator] {
  return variadic(name, (values) => {
    const [only] = values
    return apply(values.length === 1 && Array.isArray(only) ? only : values)
  })
}

export const SUMMARIES: [string, Operator][] = [
  summary('$sum', sum),
  summary('$avg', average),
  summary('$min', (values) => extreme(values, -1)),
  summary('$max', (values) => extreme(values, 1)),
  summary('$stdDevPop', (values) => deviation(values, 0)),
  summary('$stdDevSamp', (values) => deviation(values, 1)),
]
