import { isNumeric, toNumber } from '../../bson/numbers.ts'
import { DateTime, Doc, ObjectId, Timestamp, type Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { addUnits, difference, truncate, unitOf } from '../dates/date-units.ts'
import { dayOfYear, formatDate, isoWeek, sundayWeek, weekday } from '../dates/format-date.ts'
import { parseDate } from '../dates/parse-date.ts'
import { fromWallClock, type WallClock, wallClock } from '../dates/time-zone.ts'
import { isNullish, named, type Operator, typeOrMissing, unary } from '../scope.ts'

export function needDate(name: string, value: Value | undefined): number {
  if (value instanceof DateTime) return value.ms
  if (value instanceof ObjectId) return Number.parseInt(value.hex().slice(0, 8), 16) * 1000
  if (value instanceof Timestamp) return value.seconds * 1000
  throw new CommandError(16006, `can't convert from BSON type ${typeOrMissing(value)} to Date (${name})`)
}

function zoneOf(value: Value | undefined): string | undefined {
  if (value === undefined) return 'UTC'
  if (isNullish(value)) return undefined
  if (typeof value !== 'string') {
    throw new CommandError(40517, `timezone must evaluate to a string, found ${typeOrMissing(value)}`)
  }
  return value
}

/** `$year` and its kin take a date, or a date with a time zone. */
function part(name: string, read: (clock: WallClock) => number | bigint): [string, Operator] {
  return [
    name,
    (operand, compile) => {
      const isDetailed = operand instanceof Doc && operand.has('date')
      const list = Array.isArray(operand) ? operand : [operand]
      if (list.length !== 1)
        throw new CommandError(
          40536,
          `${name} accepts exactly one argument if given an array, but was given ${list.length}`,
        )
      const date = compile(isDetailed ? (operand.get('date') ?? null) : (list[0] ?? null))
      const zoneSource = isDetailed ? operand.get('timezone') : undefined
      const zone = zoneSource === undefined ? undefined : compile(zoneSource)
      return (scope) => {
        const value = date(scope)
        if (isNullish(value)) return null
        const name2 = zone === undefined ? 'UTC' : zoneOf(zone(scope) ?? null)
        return name2 === undefined ? null : read(wallClock(needDate(name, value), name2))
      }
    },
  ]
}

const dateToString = named(
  '$dateToString',
  { required: ['date'], optional: ['format', 'timezone', 'onNull'] },
  (argument) => {
    const date = argument('date')
    if (isNullish(date)) return argument('onNull') ?? null
    const zone = zoneOf(argument('timezone'))
    const format = argument('format')
    if (zone === undefined || format === null) return null
    if (format !== undefined && typeof format !== 'string') {
      throw new CommandError(18533, "$dateToString requires that 'format' be a string")
    }
    const isUtc = zone === 'UTC' || zone === 'GMT'
    return formatDate(needDate('$dateToString', date), format ?? `%Y-%m-%dT%H:%M:%S.%L${isUtc ? 'Z' : ''}`, zone)
  },
)

const dateFromString = named(
  '$dateFromString',
  { required: ['dateString'], optional: ['format', 'timezone', 'onError', 'onNull'] },
  (argument) => {
    const text = argument('dateString')
    if (isNullish(text)) return argument('onNull') ?? null
    const format = argument('format')
    const zone = argument('timezone')
    try {
      if (typeof text !== 'string') {
        throw new CommandError(
          'ConversionFailure',
          `$dateFromString requires that 'dateString' be a string, found: ${typeOrMissing(text)}`,
        )
      }
      return new DateTime(
        parseDate(text, typeof format === 'string' ? format : undefined, zone === undefined ? undefined : zoneOf(zone)),
      )
    } catch (error) {
      const otherwise = argument('onError')
      if (otherwise === undefined || !(error instanceof CommandError)) throw error
      return otherwise
    }
  },
)

function integer(name: string, value: Value | undefined): number {
  const number = isNumeric(value) ? toNumber(value) : Number.NaN
  if (Number.isInteger(number)) return number
  throw new CommandError(40515, `'${name}' must evaluate to an integer, found ${typeOrMissing(value)}`)
}

const PARTS = ['year', 'month', 'day', 'hour', 'minute', 'second', 'millisecond']

const dateFromParts = named(
  '$dateFromParts',
  { required: [], optional: [...PARTS, 'isoWeekYear', 'isoWeek', 'isoDayOfWeek', 'timezone'] },
  (argument) => {
    const zone = zoneOf(argument('timezone'))
    const number = (name: string, otherwise: number): number => {
      const value = argument(name)
      return value === undefined ? otherwise : integer(name, value)
    }
    if (zone === undefined || [...PARTS, 'isoWeekYear', 'isoWeek'].some((name) => argument(name) === null)) return null
    const time = {
      hour: number('hour', 0),
      minute: number('minute', 0),
      second: number('second', 0),
      ms: number('millisecond', 0),
    }
    const weekYear = argument('isoWeekYear')
    if (weekYear !== undefined) {
      const year = integer('isoWeekYear', weekYear)
      const january4 = new Date(Date.UTC(year, 0, 4))
      const monday = 4 - (january4.getUTCDay() || 7) + 1
      const day = monday + (number('isoWeek', 1) - 1) * 7 + number('isoDayOfWeek', 1) - 1
      return new DateTime(fromWallClock({ year, month: 1, day, ...time }, zone))
    }
    if (argument('year') === undefined) {
      throw new CommandError(40516, "$dateFromParts requires either 'year' or 'isoWeekYear' to be present")
    }
    return new DateTime(
      fromWallClock({ year: number('year', 1970), month: number('month', 1), day: number('day', 1), ...time }, zone),
    )
  },
)

const dateToParts = named('$dateToParts', { required: ['date'], optional: ['timezone', 'iso8601'] }, (argument) => {
  const date = argument('date')
  const zone = zoneOf(argument('timezone'))
  if (isNullish(date) || zone === undefined) return null
  const clock = wallClock(needDate('$dateToParts', date), zone)
  const time = { hour: clock.hour, minute: clock.minute, second: clock.second, millisecond: clock.ms }
  if (argument('iso8601') !== true) return Doc.from({ year: clock.year, month: clock.month, day: clock.day, ...time })
  const week = isoWeek(clock)
  return Doc.from({ isoWeekYear: week.year, isoWeek: week.week, isoDayOfWeek: week.day, ...time })
})

function shift(name: '$dateAdd' | '$dateSubtract', sign: 1 | -1): [string, Operator] {
  return named(name, { required: ['startDate', 'unit', 'amount'], optional: ['timezone'] }, (argument) => {
    const start = argument('startDate')
    const unit = argument('unit')
    const amount = argument('amount')
    const zone = zoneOf(argument('timezone'))
    if (isNullish(start) || isNullish(unit) || isNullish(amount) || zone === undefined) return null
    const count = integer('amount', amount)
    return new DateTime(addUnits(needDate(name, start), unitOf(name, unit), sign * count, zone))
  })
}

const dateDiff = named(
  '$dateDiff',
  { required: ['startDate', 'endDate', 'unit'], optional: ['timezone', 'startOfWeek'] },
  (argument) => {
    const start = argument('startDate')
    const end = argument('endDate')
    const unit = argument('unit')
    const zone = zoneOf(argument('timezone'))
    if (isNullish(start) || isNullish(end) || isNullish(unit) || zone === undefined) return null
    const weekStart = argument('startOfWeek')
    return BigInt(
      difference(
        needDate('$dateDiff', start),
        needDate('$dateDiff', end),
        unitOf('$dateDiff', unit),
        zone,
        typeof weekStart === 'string' ? weekStart : 'sunday',
      ),
    )
  },
)

const dateTrunc = named(
  '$dateTrunc',
  { required: ['date', 'unit'], optional: ['binSize', 'timezone', 'startOfWeek'] },
  (argument) => {
    const date = argument('date')
    const unit = argument('unit')
    const zone = zoneOf(argument('timezone'))
    const size = argument('binSize')
    if (isNullish(date) || isNullish(unit) || zone === undefined || size === null) return null
    const weekStart = argument('startOfWeek')
    const binSize = size === undefined ? 1 : integer('binSize', size)
    if (binSize <= 0) throw new CommandError(5439018, "$dateTrunc requires 'binSize' to be greater than 0")
    return new DateTime(
      truncate(
        needDate('$dateTrunc', date),
        unitOf('$dateTrunc', unit),
        binSize,
        zone,
        typeof weekStart === 'string' ? weekStart : 'sunday',
      ),
    )
  },
)

function timestampPart(name: string, code: number, read: (value: Timestamp) => number): [string, Operator] {
  return unary(name, (value) => {
    if (isNullish(value)) return null
    if (value instanceof Timestamp) return BigInt(read(value))
    throw new CommandError(code, `Argument to ${name} must be a timestamp, but is ${typeOrMissing(value)}`)
  })
}

export const DATES: [string, Operator][] = [
  timestampPart('$tsSecond', 5687301, (value) => value.seconds),
  timestampPart('$tsIncrement', 5687302, (value) => value.increment),
  part('$year', (clock) => clock.year),
  part('$month', (clock) => clock.month),
  part('$dayOfMonth', (clock) => clock.day),
  part('$hour', (clock) => clock.hour),
  part('$minute', (clock) => clock.minute),
  part('$second', (clock) => clock.second),
  part('$millisecond', (clock) => clock.ms),
  part('$dayOfYear', dayOfYear),
  part('$dayOfWeek', (clock) => weekday(clock) + 1),
  part('$week', sundayWeek),
  part('$isoWeek', (clock) => isoWeek(clock).week),
  part('$isoWeekYear', (clock) => BigInt(isoWeek(clock).year)),
  part('$isoDayOfWeek', (clock) => isoWeek(clock).day),
  dateToString,
  dateFromString,
  dateFromParts,
  dateToParts,
  shift('$dateAdd', 1),
  shift('$dateSubtract', -1),
  dateDiff,
  dateTrunc,
]
