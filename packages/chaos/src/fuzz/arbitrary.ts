import * as fc from 'fast-check'
import type { Schema } from './operations.ts'

/** Ids and names that the system gave out, by how they begin, so that requests meet what exists. */
export type Pool = Map<string, string[]>

const longest = 40
const mostItems = 3

/** What nobody sends on purpose, or only with a bad one. */
export const hostile: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(
    null,
    true,
    '',
    '0',
    -1,
    0,
    1.5,
    2 ** 53,
    1e308,
    [],
    {},
    [[]],
    { $gt: '' },
    { $where: 'sleep(1000)' },
    '__proto__',
    'constructor',
    '../../etc/passwd',
    '%00',
    '\u0000',
    '\ud800',
    '𝕬\u202e',
    'x'.repeat(5000),
    '9'.repeat(400),
    '2026-02-30T25:61:61Z',
    'null',
  ),
  fc.string({ unit: 'binary', maxLength: longest }),
  fc.integer(),
  fc.double({ noNaN: true, noDefaultInfinity: true }),
)

/** A value that fits a schema, mostly; patterns that cannot be generated from give any text. */
export function fitting(schema: Schema, pool: Pool): fc.Arbitrary<unknown> {
  if (schema.const !== undefined) return fc.constant(schema.const)
  if (schema.enum !== undefined && schema.enum.length > 0) return fc.constantFrom(...schema.enum)
  if (schema.anyOf !== undefined && schema.anyOf.length > 0) {
    return fc.oneof(...schema.anyOf.map((one) => fitting(one, pool)))
  }
  const type = typeof schema.type === 'string' ? schema.type : schema.type?.[0]
  switch (type) {
    case 'string':
      return text(schema, pool)
    case 'integer':
      return fc.integer({ min: within(schema.minimum, 0), max: within(schema.maximum, 1000) })
    case 'number':
      return fc.double({ min: within(schema.minimum, 0), max: within(schema.maximum, 1000), noNaN: true })
    case 'boolean':
      return fc.boolean()
    case 'null':
      return fc.constant(null)
    case 'array':
      return fc.array(fitting(schema.items ?? {}, pool), {
        minLength: schema.minItems ?? 0,
        maxLength: Math.max(schema.minItems ?? 0, Math.min(schema.maxItems ?? mostItems, mostItems)),
      })
    case 'object':
      return object(schema, pool)
    case undefined:
    default:
      return fc.jsonValue()
  }
}

const mostByDefault = 2 ** 31 - 1
const within = (bound: number | undefined, otherwise: number) =>
  Math.max(-mostByDefault, Math.min(mostByDefault, bound ?? otherwise))

function object({ properties = {}, required = [], additionalProperties }: Schema, pool: Pool): fc.Arbitrary<unknown> {
  const fields = Object.fromEntries(Object.entries(properties).map(([name, schema]) => [name, fitting(schema, pool)]))
  if (Object.keys(fields).length > 0 || additionalProperties === false) {
    return fc.record(fields, { requiredKeys: [...required] })
  }
  return fc.dictionary(fc.string({ maxLength: 8 }), fc.string({ maxLength: 8 }), { maxKeys: 3 })
}

function text({ pattern, format, minLength = 0, maxLength = longest }: Schema, pool: Pool): fc.Arbitrary<string> {
  const known = [...pool].filter(([prefix]) => pattern?.startsWith(`^${prefix}`) === true).flatMap(([, all]) => all)
  const skus = pool.get('SKU-') ?? []
  const made = generated(pattern, format, minLength, Math.min(maxLength, Math.max(minLength, longest)))
  const given = known.length > 0 ? known : pattern?.includes('A-Za-z0-9') === true ? skus : []
  return given.length === 0
    ? made
    : fc.oneof({ weight: 3, arbitrary: fc.constantFrom(...given) }, { weight: 1, arbitrary: made })
}

function generated(
  pattern: string | undefined,
  format: string | undefined,
  minLength: number,
  maxLength: number,
): fc.Arbitrary<string> {
  if (format === 'email') return fc.emailAddress()
  if (format === 'date-time') return fc.date({ noInvalidDate: true }).map((date) => date.toISOString())
  if (format === 'uri') return fc.webUrl()
  if (pattern !== undefined) {
    try {
      return fc.stringMatching(new RegExp(pattern)).filter((one) => one.length <= 2 * longest)
    } catch {
      // Assertions, for one, cannot be generated from: any text will do, and be refused.
    }
  }
  return fc.string({ minLength, maxLength })
}
