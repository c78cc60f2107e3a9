import { compareStrings, compareValues } from '../bson/compare.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { compareTuples, parseSort, sortKeys } from '../query/sort.ts'
import { encodeKey } from '../storage/key-string.ts'
import { compileExpression } from './expression.ts'
import { compute } from './operators/arithmetic.ts'
import { mergeAll } from './operators/objects.ts'
import { isNullish, namedOperands, type Scope } from './scope.ts'
import { average, deviation, extreme, percentileOperands, percentiles } from './summary.ts'

/** Takes in the documents of one group, one after another, and gives the result at the end. */
export interface Accumulator {
  add(scope: Scope): void
  result(): Value
}

export type MakeAccumulator = () => Accumulator

/** Compiles `{ $sum: '$a' }`. */
export function compileAccumulator(field: string, source: Value): MakeAccumulator {
  if (field.includes('.')) throw new CommandError(40235, `The field name '${field}' cannot contain '.'`)
  if (field.startsWith('$')) throw new CommandError(40236, `The field name '${field}' cannot be an operator name`)
  if (!(source instanceof Doc)) throw new CommandError(40234, `The field '${field}' must be an accumulator object`)
  const [name] = source.keys
  if (source.size !== 1 || name === undefined) {
    throw new CommandError(40238, `The field '${field}' must specify one accumulator`)
  }
  const make = KINDS.get(name)
  if (make === undefined) throw new CommandError(15952, `unknown group operator '${name}'`)
  return make(source.values[0] ?? null, name)
}

type Kind = (operand: Value, name: string) => MakeAccumulator

/** An accumulator that folds values one by one. */
function folding(start: Value, fold: (state: Value, value: Value | undefined) => Value): Kind {
  return (operand) => {
    const evaluate = compileExpression(operand)
    return () => {
      let state = start
      return {
        add: (scope) => {
          state = fold(state, evaluate(scope))
        },
        result: () => state,
      }
    }
  }
}

/** An accumulator that needs all values at the end. */
function collecting(finish: (values: Value[]) => Value, keepMissing = false): Kind {
  return (operand) => {
    const evaluate = compileExpression(operand)
    return () => {
      const values: Value[] = []
      return {
        add: (scope) => {
          const value = evaluate(scope)
          if (value !== undefined) values.push(value)
          else if (keepMissing) values.push(null)
        },
        result: () => finish(values),
      }
    }
  }
}

const addToSet: Kind = (operand) => {
  const evaluate = compileExpression(operand)
  return () => {
    const seen = new Map<string, Value>()
    return {
      add: (scope) => {
        const value = evaluate(scope)
        if (value !== undefined) seen.set(encodeKey([value], [false]).toString('latin1'), value)
      },
      result: () => [...seen.values()],
    }
  }
}

const first: Kind = (operand) => {
  const evaluate = compileExpression(operand)
  return () => {
    let value: Value | undefined
    let isSet = false
    return {
      add: (scope) => {
        if (!isSet) value = evaluate(scope)
        isSet = true
      },
      result: () => value ?? null,
    }
  }
}

const averageKind: Kind = collecting((values) => average(values))

const countKind: Kind = (operand) => {
  if (!(operand instanceof Doc) || operand.size > 0)
    throw new CommandError('BadValue', '$count takes no arguments, i.e. $count:{}')
  return () => {
    let n = 0
    return { add: () => (n += 1), result: () => n }
  }
}

function needCount(name: string, value: Value | undefined): number {
  const n = isNumeric(value) ? toNumber(value) : Number.NaN
  if (!Number.isInteger(n)) throw new CommandError(5787902, `Value for 'n' must be of integral type (${name})`)
  if (n <= 0) throw new CommandError(5787908, `'n' must be greater than 0, found ${n}`)
  return n
}

function several(pick: (values: Value[], n: number) => Value[]): Kind {
  return (operand, name) => {
    const parts = namedOperands(name, operand, ['n', 'input'], [])
    const input = compileExpression(parts.get('input') ?? null)
    const count = compileExpression(parts.get('n') ?? null)
    return () => {
      const values: Value[] = []
      let n = 1
      return {
        add: (scope) => {
          n = needCount(name, count(scope))
          values.push(input(scope) ?? null)
        },
        result: () => pick(values, n),
      }
    }
  }
}

/** `$top`, `$bottom` and their many-valued kin order the documents of the group by themselves. */
function ranked(fromTop: boolean, isSingle: boolean): Kind {
  return (operand, name) => {
    const parts = namedOperands(name, operand, isSingle ? ['sortBy', 'output'] : ['n', 'sortBy', 'output'], [])
    const by = parts.get('sortBy')
    if (!(by instanceof Doc)) throw new CommandError(5788604, `expected 'sortBy' to be an object in ${name}`)
    const fields = parseSort(by)
    const output = compileExpression(parts.get('output') ?? null)
    const count = compileExpression(parts.get('n') ?? 1)
    return () => {
      const rows: { keys: Value[]; value: Value }[] = []
      let n = 1
      return {
        add: (scope) => {
          n = needCount(name, count(scope))
          rows.push({
            keys: sortKeys(scope.root, fields, compareStrings),
            value: output(scope) ?? null,
          })
        },
        result: () => {
          rows.sort((a, b) => compareTuples(a.keys, b.keys, fields))
          const picked = (fromTop ? rows.slice(0, n) : rows.slice(-n)).map(({ value }) => value)
          return isSingle ? (picked[0] ?? null) : picked
        },
      }
    }
  }
}

const percentile: Kind = (operand, name) => {
  const { input, wanted } = percentileOperands(name, operand)
  const collect = collecting((values) => {
    const found = percentiles(values, wanted)
    return name === '$median' ? (found[0] ?? null) : found
  })
  return collect(input, name)
}

const KINDS = new Map<string, Kind>([
  ['$sum', folding(0, (total, value) => (isNumeric(value) && isNumeric(total) ? compute('add', total, value) : total))],
  ['$avg', averageKind],
  ['$min', folding(null, (best, value) => extreme([best, value], -1))],
  ['$max', folding(null, (best, value) => extreme([best, value], 1))],
  ['$first', first],
  ['$last', folding(null, (_, value) => value ?? null)],
  ['$push', collecting((values) => values)],
  ['$addToSet', addToSet],
  ['$count', countKind],
  ['$mergeObjects', folding(new Doc(), (merged, value) => mergeAll([merged, value]))],
  ['$stdDevPop', collecting((values) => deviation(values, 0))],
  ['$stdDevSamp', collecting((values) => deviation(values, 1))],
  ['$firstN', several((values, n) => values.slice(0, n))],
  ['$lastN', several((values, n) => values.slice(-n))],
  [
    '$minN',
    several((values, n) =>
      present(values)
        .toSorted((a, b) => compareValues(a, b))
        .slice(0, n),
    ),
  ],
  [
    '$maxN',
    several((values, n) =>
      present(values)
        .toSorted((a, b) => compareValues(b, a))
        .slice(0, n),
    ),
  ],
  ['$top', ranked(true, true)],
  ['$bottom', ranked(false, true)],
  ['$topN', ranked(true, false)],
  ['$bottomN', ranked(false, false)],
  ['$median', percentile],
  ['$percentile', percentile],
])

function present(values: Value[]): Value[] {
  return values.filter((value) => !isNullish(value))
}
