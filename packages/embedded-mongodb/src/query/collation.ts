import type { StringOrder } from '../bson/compare.ts'
import { isNumeric, toNumber } from '../bson/numbers.ts'
import { Doc, type Value } from '../bson/values.ts'
import { CommandError } from '../errors.ts'

export interface Collation {
  source: Doc
  compare: StringOrder
  /** Maps strings that the collation holds equal to the same string, for index keys and grouping. */
  fold: (text: string) => string
}

const FIELDS = new Set([
  'locale',
  'strength',
  'caseLevel',
  'caseFirst',
  'numericOrdering',
  'alternate',
  'maxVariable',
  'backwards',
  'normalization',
  'version',
])

/** The simple collation is the absence of one. Strengths 1 to 3 are supported, with numeric ordering. */
export function parseCollation(value: Value | undefined): Collation | undefined {
  if (value === undefined) return undefined
  if (!(value instanceof Doc)) {
    throw new CommandError('TypeMismatch', "BSON field 'collation' is the wrong type, expected type 'object'")
  }
  for (const key of value.keys) {
    if (!FIELDS.has(key))
      throw new CommandError('IDLUnknownField', `BSON field 'collation.${key}' is an unknown field.`)
  }
  const locale = value.get('locale')
  if (locale === undefined) {
    if (value.size === 0) return undefined
    throw new CommandError('IDLFailedToParse', "BSON field 'collation.locale' is missing but a required field")
  }
  if (typeof locale !== 'string') {
    throw new CommandError('TypeMismatch', "BSON field 'collation.locale' is the wrong type, expected type 'string'")
  }
  if (locale === 'simple') return undefined
  return makeCollation(locale, value)
}

function makeCollation(locale: string, source: Doc): Collation {
  const given = source.get('strength')
  const strength = given === undefined ? 3 : isNumeric(given) ? toNumber(given) : 0
  if (![1, 2, 3].includes(strength)) {
    throw new CommandError('BadValue', `collation strength ${strength} is not supported; 1, 2 and 3 are`)
  }
  const sensitivity = strength === 1 ? 'base' : strength === 2 ? 'accent' : 'variant'
  const numeric = source.get('numericOrdering') === true
  try {
    const tag = locale.replaceAll('_', '-')
    if (Intl.Collator.supportedLocalesOf(tag).length === 0) throw new RangeError('unknown locale')
    const collator = new Intl.Collator(tag, { sensitivity, numeric })
    return { source: expandCollation(source), compare: (a, b) => collator.compare(a, b), fold: foldFor(strength) }
  } catch (error) {
    throw new CommandError('BadValue', `Field 'locale' is invalid in: { locale: "${locale}" } (${String(error)})`)
  }
}

/** A collation with every option spelled out, as the server stores it. */
function expandCollation(source: Doc): Doc {
  const out = new Doc()
  for (const [key, value] of Object.entries(DEFAULT_OPTIONS)) out.push(key, source.get(key) ?? value)
  return out
}

const DEFAULT_OPTIONS: Record<string, Value> = {
  locale: 'en',
  caseLevel: false,
  caseFirst: 'off',
  strength: 3,
  numericOrdering: false,
  alternate: 'non-ignorable',
  maxVariable: 'punct',
  normalization: false,
  backwards: false,
  version: '57.1',
}

function foldFor(strength: number): (text: string) => string {
  if (strength === 3) return (text) => text.normalize('NFC')
  if (strength === 2) return (text) => text.normalize('NFD').toLowerCase()
  return (text) => text.normalize('NFD').replace(/\p{M}/gu, '').toLowerCase()
}

export function sameCollation(a: Collation | undefined, b: Collation | undefined): boolean {
  if (a === undefined || b === undefined) return a === b
  const fields = ['locale', 'strength', 'numericOrdering']
  return fields.every((field) => (a.source.get(field) ?? DEFAULTS[field]) === (b.source.get(field) ?? DEFAULTS[field]))
}

const DEFAULTS: Record<string, Value> = { strength: 3, numericOrdering: false }
