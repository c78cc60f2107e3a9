import { encodeDocument } from '../../bson/encode.ts'
import { Binary, Doc, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { isNullish, namedOperands, type Operator, typeOrMissing, unary, variadic } from '../scope.ts'

const mergeObjects = variadic('$mergeObjects', (values) =>
  mergeAll(values.length === 1 && Array.isArray(values[0]) ? values[0] : values),
)

export function mergeAll(values: readonly (Value | undefined)[]): Doc {
  const out = new Doc()
  for (const value of values) {
    if (isNullish(value)) continue
    if (!(value instanceof Doc)) {
      throw new CommandError(
        40400,
        `$mergeObjects requires object inputs, but input is of type ${typeOrMissing(value)}`,
      )
    }
    for (const [key, inner] of value.entries()) out.set(key, inner)
  }
  return out
}

const objectToArray = unary('$objectToArray', (value) => {
  if (isNullish(value)) return null
  if (!(value instanceof Doc)) {
    throw new CommandError(40390, `$objectToArray requires a document input, found: ${typeOrMissing(value)}`)
  }
  return [...value.entries()].map(([k, v]) => Doc.from({ k, v }))
})

const getField: Operator = (operand, compile) => {
  const isDetailed = operand instanceof Doc && operand.has('field')
  const parts = isDetailed ? namedOperands('$getField', operand, ['field'], ['input']) : undefined
  const field = compile(parts?.get('field') ?? operand)
  const input = compile(parts?.get('input') ?? '$$CURRENT')
  return (scope) => {
    const name = field(scope)
    if (typeof name !== 'string') {
      throw new CommandError(
        5654602,
        `$getField requires 'field' to evaluate to type String, but got ${typeOrMissing(name)}`,
      )
    }
    const value = input(scope)
    if (value instanceof Doc) return value.get(name)
    return isNullish(value) ? null : undefined
  }
}

function setField(name: '$setField' | '$unsetField'): Operator {
  return (operand, compile) => {
    const parts = namedOperands(
      name,
      operand,
      name === '$setField' ? ['field', 'input', 'value'] : ['field', 'input'],
      [],
    )
    const field = compile(parts.get('field') ?? null)
    const input = compile(parts.get('input') ?? null)
    const value = name === '$setField' ? compile(parts.get('value') ?? null) : (): undefined => undefined
    return (scope) => {
      const key = field(scope)
      const target = input(scope)
      if (typeof key !== 'string')
        throw new CommandError(4161107, `${name} requires 'field' to evaluate to type String`)
      if (isNullish(target)) return null
      if (!(target instanceof Doc))
        throw new CommandError(4161105, `${name} requires 'input' to evaluate to type Object`)
      const out = target.copy()
      const next = value(scope)
      if (next === undefined) out.delete(key)
      else out.set(key, next)
      return out
    }
  }
}

export const OBJECTS: [string, Operator][] = [
  mergeObjects,
  objectToArray,
  ['$getField', getField],
  ['$setField', setField('$setField')],
  ['$unsetField', setField('$unsetField')],
  unary('$bsonSize', (value) => {
    if (isNullish(value)) return null
    if (value instanceof Doc) return encodeDocument(value).length
    throw new CommandError(31393, `$bsonSize requires a document input, found: ${typeOrMissing(value)}`)
  }),
  unary('$binarySize', (value) => {
    if (isNullish(value)) return null
    if (typeof value === 'string') return Buffer.byteLength(value)
    if (value instanceof Binary) return value.bytes.length
    throw new CommandError(51276, `$binarySize requires a string or BinData argument, found: ${typeOrMissing(value)}`)
  }),
]
