import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { DateTime, Doc, Regex, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { compileRegex } from '../../query/regex.ts'
import { isoDate } from '../dates/format-date.ts'
import {
  binary,
  isNullish,
  MISSING,
  named,
  type Operator,
  operandsOf,
  typeOrMissing,
  unary,
  variadic,
} from '../scope.ts'
import { stringify } from './conversion.ts'

function needString(name: string, value: Value | undefined, code: number): string {
  if (typeof value === 'string') return value
  throw new CommandError(code, `${name} requires a string argument, found: ${typeOrMissing(value)}`)
}

/** Null counts as the empty string, and numbers and dates as their text. */
function coerced(name: string, value: Value | undefined): string {
  if (isNullish(value)) return ''
  if (typeof value === 'string') return value
  if (value instanceof DateTime) return isoDate(value.ms)
  if (isNumeric(value)) return stringify(value)
  throw new CommandError(16007, `can't convert from BSON type ${typeOrMissing(value)} to String (${name})`)
}

const concat = variadic('$concat', (values) => {
  let text = ''
  for (const value of values) {
    if (isNullish(value)) return null
    if (typeof value !== 'string')
      throw new CommandError(16702, `$concat only supports strings, not ${typeOrMissing(value)}`)
    text += value
  }
  return text
})

function position(name: string, value: Value | undefined): number {
  const number = isNumeric(value) ? Math.trunc(toNumber(value)) : Number.NaN
  if (Number.isNaN(number))
    throw new CommandError(34450, `${name}: position must be a number, not ${typeOrMissing(value)}`)
  return number
}

const substrBytes: (name: string) => Operator = (name) => (operand, compile) => {
  const [text = MISSING, from = MISSING, count = MISSING] = operandsOf(name, operand, compile, 3)
  return (scope) => {
    const bytes = Buffer.from(coerced(name, text(scope)))
    const start = position(name, from(scope))
    const length = position(name, count(scope))
    if (start < 0) throw new CommandError(50752, `${name}: starting index must be non-negative (got: ${start})`)
    const end = length < 0 ? bytes.length : Math.min(bytes.length, start + length)
    const isInside = (at: number): boolean => at < bytes.length && ((bytes[at] ?? 0) & 0xc0) === 0x80
    if (isInside(start) || isInside(end)) {
      throw new CommandError(
        28656,
        `${name}: Invalid range, starting or ending index is in the middle of a UTF-8 character.`,
      )
    }
    return bytes.toString('utf8', Math.min(start, bytes.length), end)
  }
}

const substrCP: Operator = (operand, compile) => {
  const [text = MISSING, from = MISSING, count = MISSING] = operandsOf('$substrCP', operand, compile, 3)
  return (scope) => {
    const characters = Array.from(coerced('$substrCP', text(scope)))
    const start = position('$substrCP', from(scope))
    const length = position('$substrCP', count(scope))
    if (start < 0) throw new CommandError(34455, '$substrCP: the starting index must be nonnegative integer.')
    if (length < 0) throw new CommandError(34456, '$substrCP: length must be a nonnegative integer.')
    return characters.slice(start, start + length).join('')
  }
}

const split = binary('$split', (text, separator) => {
  if (isNullish(text) || isNullish(separator)) return null
  if (typeof separator !== 'string') {
    throw new CommandError(
      40086,
      `$split requires an expression that evaluates to a string as a second argument, found: ${typeOrMissing(separator)}`,
    )
  }
  if (typeof text !== 'string') {
    throw new CommandError(
      40085,
      `$split requires an expression that evaluates to a string as a first argument, found: ${typeOrMissing(text)}`,
    )
  }
  if (separator === '') throw new CommandError(40087, '$split requires a non-empty separator')
  return text.split(separator)
})

const WHITESPACE = '\0\u0020\t\n\v\f\r\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a'

function trim(name: string, left: boolean, right: boolean): [string, Operator] {
  return named(name, { required: ['input'], optional: ['chars'] }, (argument) => {
    const input = argument('input')
    const chars = argument('chars')
    if (isNullish(input) || chars === null) return null
    const text = needString(name, input, 50699)
    const set = new Set(Array.from(chars === undefined ? WHITESPACE : needString(name, chars, 50700)))
    const characters = Array.from(text)
    let start = 0
    let end = characters.length
    while (left && start < end && set.has(characters[start] ?? '')) start++
    while (right && end > start && set.has(characters[end - 1] ?? '')) end--
    return characters.slice(start, end).join('')
  })
}

function indexOf(name: string, units: (text: string) => string[]): Operator {
  return (operand, compile) => {
    const [text = MISSING, sought = MISSING, from, to] = operandsOf(name, operand, compile, 2, 4)
    return (scope) => {
      const value = text(scope)
      if (isNullish(value)) return null
      const whole = units(needString(name, value, 40091))
      const part = units(needString(name, sought(scope), 40092))
      const start = from === undefined ? 0 : position(name, from(scope))
      const end = Math.min(whole.length, to === undefined ? whole.length : position(name, to(scope)))
      if (start < 0 || end < 0) throw new CommandError(40097, `${name} requires a nonnegative index`)
      for (let i = start; i + part.length <= end; i++) {
        if (part.every((unit, at) => whole[i + at] === unit)) return i
      }
      return -1
    }
  }
}

interface RegexInput {
  text: string
  regex: RegExp
}

function regexInput(name: string, argument: (key: string) => Value | undefined): RegexInput | undefined {
  const input = argument('input')
  const pattern = argument('regex')
  const options = argument('options')
  if (isNullish(input) || isNullish(pattern)) return undefined
  const text = needString(name, input, 51104)
  const flags = typeof options === 'string' ? options : ''
  if (pattern instanceof Regex) return { text, regex: global(compileRegex(pattern.pattern, pattern.options || flags)) }
  return { text, regex: global(compileRegex(needString(name, pattern, 51105), flags)) }
}

function global(regex: RegExp): RegExp {
  return new RegExp(regex.source, `${regex.flags}g`)
}

function matchDoc(text: string, match: RegExpMatchArray): Doc {
  const captures = match.slice(1).map((capture: string | undefined) => capture ?? null)
  return Doc.from({ match: match[0], idx: Array.from(text.slice(0, match.index ?? 0)).length, captures })
}

const REGEX = { required: ['input', 'regex'], optional: ['options'] }

function replace(name: string, all: boolean): [string, Operator] {
  return named(name, { required: ['input', 'find', 'replacement'] }, (argument) => {
    const values = ['input', 'find', 'replacement'].map(argument)
    if (values.some(isNullish)) return null
    const [input = '', find = '', replacement = ''] = values.map((value) => needString(name, value, 51746))
    return all ? input.replaceAll(find, () => replacement) : input.replace(find, () => replacement)
  })
}

export const STRINGS: [string, Operator][] = [
  concat,
  unary('$toLower', (value) => coerced('$toLower', value).toLowerCase()),
  unary('$toUpper', (value) => coerced('$toUpper', value).toUpperCase()),
  ['$substr', substrBytes('$substr')],
  ['$substrBytes', substrBytes('$substrBytes')],
  ['$substrCP', substrCP],
  unary('$strLenBytes', (value) => Buffer.byteLength(needString('$strLenBytes', value, 34473))),
  unary('$strLenCP', (value) => Array.from(needString('$strLenCP', value, 34471)).length),
  split,
  trim('$trim', true, true),
  trim('$ltrim', true, false),
  trim('$rtrim', false, true),
  ['$indexOfCP', indexOf('$indexOfCP', (text) => Array.from(text))],
  ['$indexOfBytes', indexOf('$indexOfBytes', (text) => Array.from(Buffer.from(text).toString('latin1')))],
  binary('$strcasecmp', (a, b) => {
    const x = coerced('$strcasecmp', a).toUpperCase()
    const y = coerced('$strcasecmp', b).toUpperCase()
    return x < y ? -1 : x > y ? 1 : 0
  }),
  named('$regexMatch', REGEX, (argument) => {
    const input = regexInput('$regexMatch', argument)
    return input === undefined ? false : input.regex.test(input.text)
  }),
  named('$regexFind', REGEX, (argument) => {
    const input = regexInput('$regexFind', argument)
    const match = input === undefined ? undefined : input.text.matchAll(input.regex).next().value
    return input === undefined || match === undefined ? null : matchDoc(input.text, match)
  }),
  named('$regexFindAll', REGEX, (argument) => {
    const input = regexInput('$regexFindAll', argument)
    if (input === undefined) return []
    return [...input.text.matchAll(input.regex)].map((match) => matchDoc(input.text, match))
  }),
  replace('$replaceOne', false),
  replace('$replaceAll', true),
]
