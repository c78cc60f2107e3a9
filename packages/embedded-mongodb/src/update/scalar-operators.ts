import { calculate, Int64Overflow } from '../bson/arithmetic.ts'
import { compareValues, type StringOrder } from '../bson/compare.ts'
import { currentTimestamp } from '../bson/current-timestamp.ts'
import { display } from '../bson/display.ts'
import { isNumeric } from '../bson/numbers.ts'
import { typeName } from '../bson/type-names.ts'
import { DateTime, Doc, isInt32, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { ArrayChange } from './array-operators.ts'

/** `$inc` and `$mul`, by the server's rules on number types. */
export function arithmetic(operator: '$inc' | '$mul', path: string, operand: Value): ArrayChange {
  if (!isNumeric(operand)) {
    const verb = operator === '$inc' ? 'increment' : 'multiply'
    throw new CommandError('TypeMismatch', `Cannot ${verb} with non-numeric argument: {${path}: ${display(operand)}}`)
  }
  return (value, id) => {
    if (value === undefined) return operator === '$inc' ? operand : calculate('multiply', operand, 0)
    if (!isNumeric(value)) {
      throw new CommandError(
        'TypeMismatch',
        `Cannot apply ${operator} to a value of non-numeric type. {_id: ${display(id)}} has the field '${path.split('.').at(-1) ?? path}' of non-numeric type ${typeName(value)}`,
      )
    }
    try {
      return calculate(operator === '$inc' ? 'add' : 'multiply', value, operand)
    } catch (error) {
      if (!(error instanceof Int64Overflow)) throw error
      throw new CommandError(
        'BadValue',
        `Failed to apply ${operator} operations to current value ((NumberLong)${display(value)}) for document {_id: ${display(id)}}`,
      )
    }
  }
}

export function extreme(operator: '$min' | '$max', operand: Value, strings: StringOrder): ArrayChange {
  return (value) => {
    if (value === undefined) return operand
    const order = compareValues(operand, value, strings)
    return (operator === '$min' ? order < 0 : order > 0) ? operand : value
  }
}

export function currentDate(path: string, operand: Value): ArrayChange {
  let kind: Value | undefined = 'date'
  if (operand instanceof Doc) {
    kind = operand.get('$type')
    const stranger = operand.keys.find((key) => key !== '$type')
    if (stranger !== undefined) throw new CommandError('BadValue', `Unrecognized $currentDate option: ${stranger}`)
  } else if (typeof operand !== 'boolean') {
    throw new CommandError(
      'BadValue',
      `${typeName(operand)} is not valid type for $currentDate. Please use a boolean ('true') or a $type expression ({$type: 'timestamp/date'}).`,
    )
  }
  if (kind === 'date') return () => new DateTime(Date.now())
  if (kind !== 'timestamp') {
    throw new CommandError(
      'BadValue',
      `The '$type' string field is required to be 'date' or 'timestamp': {$currentDate: {${path}}}`,
    )
  }
  return currentTimestamp
}

export function bit(path: string, operand: Value): ArrayChange {
  if (!(operand instanceof Doc) || operand.size === 0) {
    throw new CommandError(
      'BadValue',
      `The $bit modifier is not compatible with a ${typeName(operand)}. You must pass in an embedded document: {$bit: {field: {and/or/xor: #}}`,
    )
  }
  const steps = [...operand.entries()].map(([name, value]) => bitStep(name, value))
  return (value, id) => {
    const before = value ?? 0
    if (typeof before !== 'bigint' && !(typeof before === 'number' && isInt32(before))) {
      throw new CommandError(
        'BadValue',
        `Cannot apply $bit to a value of non-integral type.{_id: ${display(id)}} has the field ${path.split('.').at(-1) ?? path} of non-integer type ${typeName(before)}`,
      )
    }
    return steps.reduce<number | bigint>((result, step) => step(result), before)
  }
}

function bitStep(name: string, operand: Value): (value: number | bigint) => number | bigint {
  if (name !== 'and' && name !== 'or' && name !== 'xor') {
    throw new CommandError(
      'BadValue',
      `The $bit modifier only supports 'and', 'or', and 'xor', not '${name}' which is an unknown operator: {${name}: ${display(operand)}}`,
    )
  }
  if (typeof operand !== 'bigint' && !(typeof operand === 'number' && isInt32(operand))) {
    throw new CommandError(
      'BadValue',
      `The $bit modifier field must be an Integer(32/64 bit); a '${typeName(operand)}' is not supported here: {${name}: ${display(operand)}}`,
    )
  }
  return (value) => {
    const a = BigInt(value)
    const b = BigInt(operand)
    const result = BigInt.asIntN(64, name === 'and' ? a & b : name === 'or' ? a | b : a ^ b)
    return typeof value === 'bigint' || typeof operand === 'bigint' ? result : Number(result)
  }
}
