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

export function namedOperands(
  name: string,
  operand: Value,
  required: readonly string[],
  optional: readonly string[],
): Doc {
  if (!(operand instanceof Doc)) {
    throw new CommandError('FailedToParse', `${name} only supports an object as its argument`)
  }
  for (const key of operand.keys) {
    if (!required.includes(key) && !optional.includes(key)) {
      throw new CommandError('FailedToParse', `Unrecognized parameter to ${name}: ${key}`)
    }
  }
  for (const key of required) {
    if (!operand.has(key)) throw new CommandError('FailedToParse', `Missing '${key}' parameter to ${name}`)
  }
  return operand
}

export function needArray(name: string, value: Value | undefined, code = 28664): Value[] {
  if (Array.isArray(value)) return value
  throw new CommandError(code, `The argument to ${name} must be an array, but was of type: ${typeOrMissing(value)}`)
}
