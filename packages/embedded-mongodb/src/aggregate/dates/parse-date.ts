import { CommandError } from '../../errors.ts'
import { fromWallClock } from './time-zone.ts'

const ISO =
  /^(\d{4})-(\d{1,2})-(\d{1,2})(?:[T ](\d{1,2})(?::(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?)?\s*(Z|UTC|GMT|[+-]\d{2}(?::?\d{2})?)?)?$/

function failure(text: string): CommandError {
  return new CommandError('ConversionFailure', `Error parsing date string '${text}'`)
}

/** `$dateFromString`: ISO 8601 unless a format is given. Milliseconds since the epoch. */
export function parseDate(text: string, format: string | undefined, zone: string | undefined): number {
  return format === undefined ? parseIso(text, zone) : parseWithFormat(text, format, zone)
}

function parseIso(text: string, zone: string | undefined): number {
  const match = ISO.exec(text.trim())
  if (match === null) {
    const other = Date.parse(`${text} UTC`)
    if (Number.isNaN(other) || !/\d{4}/.test(text)) throw failure(text)
    return other
  }
  const [, year, month, day, hour, minute, second, fraction, own] = match
  if (own !== undefined && zone !== undefined) {
    throw new CommandError(
      'ConversionFailure',
      `you cannot pass in a date/time string with GMT offset together with a timezone argument`,
    )
  }
  const clock = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour ?? 0),
    minute: Number(minute ?? 0),
    second: Number(second ?? 0),
    ms: Math.trunc(Number(`0.${fraction ?? 0}`) * 1000),
  }
  if (clock.month < 1 || clock.month > 12 || clock.day < 1 || clock.day > 31 || clock.hour > 24) throw failure(text)
  return fromWallClock(clock, own ?? zone ?? 'UTC')
}

const FIELDS: Record<string, { pattern: string; field: string }> = {
  Y: { pattern: '(\\d{4})', field: 'year' },
  m: { pattern: '(\\d{1,2})', field: 'month' },
  d: { pattern: '(\\d{1,2})', field: 'day' },
  H: { pattern: '(\\d{1,2})', field: 'hour' },
  M: { pattern: '(\\d{1,2})', field: 'minute' },
  S: { pattern: '(\\d{1,2})', field: 'second' },
  L: { pattern: '(\\d{1,3})', field: 'ms' },
  z: { pattern: '(Z|[+-]\\d{2}:?\\d{2})', field: 'zone' },
}

function parseWithFormat(text: string, format: string, zone: string | undefined): number {
  const fields: string[] = []
  const pattern = format.replace(/%(.)|[.*+?^${}()|[\]\\]/g, (whole, specifier: string | undefined) => {
    if (specifier === undefined) return `\\${whole}`
    if (specifier === '%') return '%'
    const known = FIELDS[specifier]
    if (known === undefined) throw new CommandError(18536, `Invalid format character '%${specifier}' in format string`)
    fields.push(known.field)
    return known.pattern
  })
  const match = new RegExp(`^${pattern}$`).exec(text)
  if (match === null) throw failure(text)
  const found = new Map(fields.map((field, i) => [field, match[i + 1] ?? '']))
  const number = (field: string, otherwise: number): number => Number(found.get(field) ?? otherwise)
  const clock = {
    year: number('year', 1970),
    month: number('month', 1),
    day: number('day', 1),
    hour: number('hour', 0),
    minute: number('minute', 0),
    second: number('second', 0),
    ms: number('ms', 0),
  }
  return fromWallClock(clock, found.get('zone') ?? zone ?? 'UTC')
}
