import type { Value } from '../../bson/values.ts'
import { type Operator, variadic } from '../scope.ts'
import { average, deviation, extreme, percentileOperands, percentiles, sum } from '../summary.ts'

/** With one operand that is an array, the elements are summarised; with several, the operands themselves. */
function summary(name: string, apply: (values: readonly (Value | undefined)[]) => Value): [string, Operator] {
  return variadic(name, (values) => {
    const [only] = values
    return apply(values.length === 1 && Array.isArray(only) ? only : values)
  })
}

/** Of an array, or of one number. */
function percentile(name: '$median' | '$percentile'): [string, Operator] {
  return [
    name,
    (operand, compile) => {
      const { input, wanted } = percentileOperands(name, operand)
      const evaluate = compile(input)
      return (scope) => {
        const value = evaluate(scope)
        const found = percentiles(Array.isArray(value) ? value : [value], wanted)
        return name === '$median' ? (found[0] ?? null) : found
      }
    },
  ]
}

export const SUMMARIES: [string, Operator][] = [
  summary('$sum', sum),
  summary('$avg', average),
  summary('$min', (values) => extreme(values, -1)),
  summary('$max', (values) => extreme(values, 1)),
  percentile('$median'),
  percentile('$percentile'),
  summary('$stdDevPop', (values) => deviation(values, 0)),
  summary('$stdDevSamp', (values) => deviation(values, 1)),
]
