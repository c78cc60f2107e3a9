import { Long } from 'mongodb'

/**
 * Integers above 32 bits become Long. The driver writes them as Double otherwise, and money must stay an integer.
 * Dates, ids and other BSON values pass through; plain objects and arrays are copied only where something changes.
 */
export function withLongs<T>(value: T): T {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the driver reads a Long back as the number it was
  return convert(value) as T
}

function convert(value: unknown): unknown {
  if (typeof value === 'number') {
    return Number.isSafeInteger(value) && (value > 0x7fffffff || value < -0x80000000) ? Long.fromNumber(value) : value
  }
  if (Array.isArray(value)) {
    let copy: unknown[] | undefined
    for (let index = 0; index < value.length; index += 1) {
      const before: unknown = value[index]
      const after = convert(before)
      if (after !== before) (copy ??= [...value])[index] = after
    }
    return copy ?? value
  }
  if (isPlainObject(value)) {
    let copy: Record<string, unknown> | undefined
    for (const key in value) {
      const before = value[key]
      const after = convert(before)
      if (after !== before) (copy ??= { ...value })[key] = after
    }
    return copy ?? value
  }
  return value
}

function isPlainObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
