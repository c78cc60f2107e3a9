import { isNumeric, type Numeric } from '../bson/numbers.ts'
import { typeName } from '../bson/type-names.ts'
import { Doc, Undefined, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

/** What an expression sees: the document, and variables by name. */
export interface Scope {
  root: Doc
  variables: ReadonlyMap<string, Value>
}

/** `undefined` stands for a missing value. */
export type Expression = (scope: Scope) => Value | undefined
export type Compile = (source: Value) => Expression
export type Operator = (operand: Value, compile: Compile) => Expression
export type OperatorTable = ReadonlyMap<string, Operator>

export function withVariable(scope: Scope, name: string, value: Value | undefined): Scope {
  const variables = new Map(scope.variables)
  variables.set(name, value ?? null)
  return { root: scope.root, variables }
}

export function isNullish(value: Value | undefined): value is null | undefined | Undefined {
  return value === undefined || value === null || value instanceof Undefined
}

export function typeOrMissing(value: Value | undefined): string {
  return value === undefined ? 'missing' : typeName(value)
}

export function isTrue(value: Value | undefined): boolean {
  if (isNullish(value) || value === false) return false
  return !isNumeric(value) || !isZero(value)
}

function isZero(value: Numeric): boolean {
  if (typeof value === 'number' || typeof value === 'bigint') return Number(value) === 0
  return value.tag === 'double'
    ? value.value === 0
    : value.bytes.readBigUInt64LE(0) === 0n && (value.bytes.readBigUInt64LE(8) & 0x1ffffffffffffn) === 0n
}

/** The operands of an operator with a fixed number of them; a single one need not be in an array. */
export function operandsOf(name: string, operand: Value, compile: Compile, least: number, most = least): Expression[] {
  const list = Array.isArray(operand) ? operand : [operand]
  if (list.length < least || list.length > most) {
    throw new CommandError(
      least === most ? 16020 : 28667,
      least === most
        ? `Expression ${name} takes exactly ${least} arguments. ${list.length} were passed in.`
        : `Expression ${name} takes at least ${least} arguments, and at most ${most}, but ${list.length} were passed in.`,
    )
  }
  return list.map(compile)
}

export function unary(name: string, apply: (value: Value | undefined) => Value | undefined): [string, Operator] {
  return [
    name,
    (operand, compile) => {
      const [argument = MISSING] = operandsOf(name, operand, compile, 1)
      return (scope) => apply(argument(scope))
    },
  ]
}

export function binary(
  name: string,
  apply: (a: Value | undefined, b: Value | undefined) => Value | undefined,
): [string, Operator] {
  return [
    name,
    (operand, compile) => {
      const [first = MISSING, second = MISSING] = operandsOf(name, operand, compile, 2)
      return (scope) => apply(first(scope), second(scope))
    },
  ]
}

export function variadic(
  name: string,
  apply: (values: (Value | undefined)[]) => Value | undefined,
): [string, Operator] {
  return [
    name,
    (operand, compile) => {
      const list = (Array.isArray(operand) ? operand : [operand]).map(compile)
      return (scope) => apply(list.map((argument) => argument(scope)))
    },
  ]
}

export const MISSING: Expression = () => undefined

/** An operator whose operand is a document of named arguments. */
export function named(
  name: string,
  known: { required: readonly string[]; optional?: readonly string[] },
  apply: (argument: (key: string) => Value | undefined, scope: Scope) => Value | undefined,
): [string, Operator] {
  return [
    name,
    (operand, compile) => {
      const parts = namedOperands(name, operand, known.required, known.optional ?? [])
      const compiled = new Map([...parts.entries()].map(([key, value]) => [key, compile(value)]))
      return (scope) => apply((key) => compiled.get(key)?.(scope), scope)
    },
  ]
}

interface ArgumentCodes {
  object: number
  unknown: number
  missing: Record<string, number>
}

/** The codes by which the server tells apart what is wrong with the arguments of the oldest operators. */
const ARGUMENT_CODES: Record<string, ArgumentCodes> = {
  $map: { object: 16878, unknown: 16879, missing: { input: 16880, in: 16882 } },
  $filter: { object: 28646, unknown: 28647, missing: { input: 28648, cond: 28650 } },
  $reduce: { object: 40075, unknown: 40076, missing: { input: 40077, initialValue: 40078, in: 40079 } },
  $let: { object: 16874, unknown: 16875, missing: { vars: 16876, in: 16877 } },
  $zip: { object: 34460, unknown: 34464, missing: { inputs: 34465 } },
  $dateToString: { object: 18629, unknown: 18534, missing: { date: 18628 } },
  $dateFromString: { object: 40540, unknown: 40541, missing: { dateString: 40542 } },
  $dateFromParts: { object: 40519, unknown: 40518, missing: {} },
  $dateToParts: { object: 40524, unknown: 40520, missing: { date: 40522 } },
  $switch: { object: 40060, unknown: 40067, missing: { branches: 40068 } },
  $trim: { object: 50696, unknown: 50694, missing: { input: 50695 } },
  $ltrim: { object: 50696, unknown: 50694, missing: { input: 50695 } },
  $rtrim: { object: 50696, unknown: 50694, missing: { input: 50695 } },
  $regexMatch: { object: 51103, unknown: 31024, missing: { input: 31022, regex: 31023 } },
  $regexFind: { object: 51103, unknown: 31024, missing: { input: 31022, regex: 31023 } },
  $regexFindAll: { object: 51103, unknown: 31024, missing: { input: 31022, regex: 31023 } },
  $replaceOne: { object: 51751, unknown: 51750, missing: { input: 51749, find: 51748, replacement: 51747 } },
  $replaceAll: { object: 51751, unknown: 51750, missing: { input: 51749, find: 51748, replacement: 51747 } },
}

export function namedOperands(
  name: string,
  operand: Value,
  required: readonly string[],
  optional: readonly string[],
): Doc {
  const codes = ARGUMENT_CODES[name]
  if (!(operand instanceof Doc)) {
    throw new CommandError(codes?.object ?? 'FailedToParse', `${name} only supports an object as its argument`)
  }
  for (const key of operand.keys) {
    if (!required.includes(key) && !optional.includes(key)) {
      throw new CommandError(codes?.unknown ?? 'FailedToParse', `Unrecognized parameter to ${name}: ${key}`)
    }
  }
  for (const key of required) {
    if (operand.has(key)) continue
    throw new CommandError(codes?.missing[key] ?? 'FailedToParse', `Missing '${key}' parameter to ${name}`)
  }
  return operand
}

export function needArray(name: string, value: Value | undefined, code = 28664): Value[] {
  if (Array.isArray(value)) return value
  throw new CommandError(code, `The argument to ${name} must be an array, but was of type: ${typeOrMissing(value)}`)
}
