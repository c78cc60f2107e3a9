import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Binary, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import type { Predicate } from './filter.ts'

type BitsOperator = '$bitsAllSet' | '$bitsAllClear' | '$bitsAnySet' | '$bitsAnyClear'

/** `$bitsAllSet` and its kin over integers (two's complement, sign extended) and binary data (least bit first). */
export function bitsPredicate(operator: BitsOperator, operand: Value): Predicate {
  const positions = positionsOf(operator, operand)
  const wantSet = operator === '$bitsAllSet' || operator === '$bitsAnySet'
  const all = operator === '$bitsAllSet' || operator === '$bitsAllClear'
  return {
    reach: 'expand',
    test: (value) => {
      const bit = bitReader(value)
      if (bit === undefined) return false
      const holds = (position: number): boolean => bit(position) === wantSet
      return all ? positions.every(holds) : positions.some(holds)
    },
  }
}

function positionsOf(operator: BitsOperator, operand: Value): number[] {
  if (Array.isArray(operand)) {
    return operand.map((entry) => {
      const position = isNumeric(entry) ? toNumber(entry) : Number.NaN
      if (!Number.isInteger(position)) {
        throw new CommandError('BadValue', `Failed to parse bit position. Expected a number in: ${operator}`)
      }
      if (position < 0) {
        throw new CommandError(
          'BadValue',
          `Failed to parse bit position. Expected a non-negative number in: ${operator}`,
        )
      }
      return position
    })
  }
  if (isNumeric(operand)) {
    const mask = toNumber(operand)
    if (!Number.isInteger(mask)) throw new CommandError('BadValue', `Expected an integer: ${operator}: ${mask}`)
    if (mask < 0) throw new CommandError('BadValue', `Expected a non-negative number in: ${operator}: ${mask}`)
    return setBits((position) => ((BigInt(mask) >> BigInt(position)) & 1n) === 1n, 64)
  }
  if (operand instanceof Binary) {
    const bit = bitReader(operand)
    return setBits((position) => bit?.(position) ?? false, operand.bytes.length * 8)
  }
  throw new CommandError('BadValue', `${operator} takes an Array, a number, or a BinData`)
}

function setBits(isSet: (position: number) => boolean, count: number): number[] {
  return Array.from({ length: count }, (_, i) => i).filter(isSet)
}

function bitReader(value: Value | undefined): ((position: number) => boolean) | undefined {
  if (value instanceof Binary) {
    return (position) => (((value.bytes[position >> 3] ?? 0) >> (position & 7)) & 1) === 1
  }
  if (!isNumeric(value)) return undefined
  const number = toNumber(value)
  if (!Number.isInteger(number) || Math.abs(number) > 2 ** 63) return undefined
  const bits = typeof value === 'bigint' ? value : BigInt(number)
  return (position) => ((bits >> BigInt(Math.min(position, 63))) & 1n) === 1n
}
