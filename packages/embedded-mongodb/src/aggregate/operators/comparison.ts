import { compareValues } from '../../bson/compare.ts'
import { Doc, MinKey, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { binary, isNullish, isTrue, MISSING, namedOperands, type Operator, operandsOf, unary } from '../scope.ts'

/** In expressions a missing value is less than null. */
export function compareOptional(a: Value | undefined, b: Value | undefined): number {
  if (a === undefined || b === undefined) {
    if (a === b) return 0
    const other = a === undefined ? b : a
    const missingIsLess = !(other instanceof MinKey)
    return (a === undefined) === missingIsLess ? -1 : 1
  }
  return compareValues(a, b)
}

const and: Operator = (operand, compile) => {
  const list = (Array.isArray(operand) ? operand : [operand]).map(compile)
  return (scope) => list.every((argument) => isTrue(argument(scope)))
}

const or: Operator = (operand, compile) => {
  const list = (Array.isArray(operand) ? operand : [operand]).map(compile)
  return (scope) => list.some((argument) => isTrue(argument(scope)))
}

const cond: Operator = (operand, compile) => {
  const parts =
    operand instanceof Doc
      ? ['if', 'then', 'else'].map((key) => compile(conditionPart(operand, key)))
      : operandsOf('$cond', operand, compile, 3)
  const [test = MISSING, whenTrue = MISSING, whenFalse = MISSING] = parts
  return (scope) => (isTrue(test(scope)) ? whenTrue(scope) : whenFalse(scope))
}

const CONDITION_CODES = new Map([
  ['if', 17080],
  ['then', 17081],
  ['else', 17082],
])

function conditionPart(operand: Doc, key: string): Value {
  const stranger = operand.keys.find((name) => !['if', 'then', 'else'].includes(name))
  if (stranger !== undefined) throw new CommandError(17083, `Unrecognized parameter to $cond: ${stranger}`)
  const value = operand.get(key)
  if (value === undefined) {
    throw new CommandError(CONDITION_CODES.get(key) ?? 17080, `Missing '${key}' parameter to $cond`)
  }
  return value
}

const ifNull: Operator = (operand, compile) => {
  const given = Array.isArray(operand) ? operand : [operand]
  if (given.length < 2) {
    throw new CommandError(1257300, `$ifNull needs at least two arguments, had: ${given.length}`)
  }
  const list = given.map(compile)
  return (scope) => {
    let value: Value | undefined
    for (const argument of list) {
      value = argument(scope)
      if (!isNullish(value)) return value
    }
    return value
  }
}

const switchOperator: Operator = (operand, compile) => {
  const parts = namedOperands('$switch', operand, ['branches'], ['default'])
  const branches = parts.get('branches')
  if (!Array.isArray(branches) || branches.length === 0) {
    throw new CommandError(40068, '$switch requires at least one branch.')
  }
  const compiled = branches.map((branch) => {
    const { test, result } = branchParts(branch)
    return { test: compile(test), result: compile(result) }
  })
  const otherwise = parts.get('default')
  const fallback = otherwise === undefined ? undefined : compile(otherwise)
  return (scope) => {
    for (const { test, result } of compiled) if (isTrue(test(scope))) return result(scope)
    if (fallback !== undefined) return fallback(scope)
    throw new CommandError(
      40066,
      '$switch could not find a matching branch for an input, and no default was specified.',
    )
  }
}

function branchParts(branch: Value): { test: Value; result: Value } {
  if (!(branch instanceof Doc)) throw new CommandError(40062, '$switch requires each branch to be an object')
  const test = branch.get('case')
  const result = branch.get('then')
  if (test === undefined) throw new CommandError(40064, "$switch requires each branch have a 'case' expression")
  if (result === undefined) throw new CommandError(40065, "$switch requires each branch have a 'then' expression.")
  return { test, result }
}

export const COMPARISON: [string, Operator][] = [
  binary('$cmp', compareOptional),
  binary('$eq', (a, b) => compareOptional(a, b) === 0),
  binary('$ne', (a, b) => compareOptional(a, b) !== 0),
  binary('$gt', (a, b) => compareOptional(a, b) > 0),
  binary('$gte', (a, b) => compareOptional(a, b) >= 0),
  binary('$lt', (a, b) => compareOptional(a, b) < 0),
  binary('$lte', (a, b) => compareOptional(a, b) <= 0),
  unary('$not', (value) => !isTrue(value)),
  ['$and', and],
  ['$or', or],
  ['$cond', cond],
  ['$ifNull', ifNull],
  ['$switch', switchOperator],
]
