import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { Doc, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { isNullish, isTrue, namedOperands, type Operator, typeOrMissing, withVariable } from '../scope.ts'

function variableName(value: Value | undefined): string {
  if (value === undefined) return 'this'
  if (typeof value === 'string' && /^[a-z][A-Za-z0-9_]*$/.test(value)) return value
  throw new CommandError(
    'FailedToParse',
    `'${typeof value === 'string' ? value : ''}' starts with an invalid character for a user variable name`,
  )
}

const map: Operator = (operand, compile) => {
  const parts = namedOperands('$map', operand, ['input', 'in'], ['as'])
  const input = compile(parts.get('input') ?? null)
  const body = compile(parts.get('in') ?? null)
  const name = variableName(parts.get('as'))
  return (scope) => {
    const array = input(scope)
    if (isNullish(array)) return null
    if (!Array.isArray(array))
      throw new CommandError(16883, `input to $map must be an array not ${typeOrMissing(array)}`)
    return array.map((element) => body(withVariable(scope, name, element)) ?? null)
  }
}

const filter: Operator = (operand, compile) => {
  const parts = namedOperands('$filter', operand, ['input', 'cond'], ['as', 'limit'])
  const input = compile(parts.get('input') ?? null)
  const condition = compile(parts.get('cond') ?? null)
  const limitSource = parts.get('limit')
  const limit = limitSource === undefined ? undefined : compile(limitSource)
  const name = variableName(parts.get('as'))
  return (scope) => {
    const array = input(scope)
    if (isNullish(array)) return null
    if (!Array.isArray(array))
      throw new CommandError(28651, `input to $filter must be an array not ${typeOrMissing(array)}`)
    const most = limit?.(scope)
    const wanted = isNumeric(most) ? toNumber(most) : Number.POSITIVE_INFINITY
    const kept: Value[] = []
    for (const element of array) {
      if (kept.length >= wanted) break
      if (isTrue(condition(withVariable(scope, name, element)))) kept.push(element)
    }
    return kept
  }
}

const reduce: Operator = (operand, compile) => {
  const parts = namedOperands('$reduce', operand, ['input', 'initialValue', 'in'], [])
  const input = compile(parts.get('input') ?? null)
  const initial = compile(parts.get('initialValue') ?? null)
  const body = compile(parts.get('in') ?? null)
  return (scope) => {
    const array = input(scope)
    if (isNullish(array)) return null
    if (!Array.isArray(array)) {
      throw new CommandError(40080, `$reduce requires that 'input' be an array, found: ${typeOrMissing(array)}`)
    }
    let value = initial(scope)
    for (const element of array) value = body(withVariable(withVariable(scope, 'this', element), 'value', value))
    return value
  }
}

const letOperator: Operator = (operand, compile) => {
  const parts = namedOperands('$let', operand, ['vars', 'in'], [])
  const vars = parts.get('vars')
  if (!(vars instanceof Doc)) throw new CommandError(10065, 'invalid parameter: expected an object (vars)')
  const bound = [...vars.entries()].map(([name, value]) => ({ name: variableName(name), evaluate: compile(value) }))
  const body = compile(parts.get('in') ?? null)
  return (scope) => {
    const variables = new Map(scope.variables)
    for (const { name, evaluate } of bound) variables.set(name, evaluate(scope) ?? null)
    return body({ root: scope.root, variables })
  }
}

export const ITERATION: [string, Operator][] = [
  ['$map', map],
  ['$filter', filter],
  ['$reduce', reduce],
  ['$let', letOperator],
]
