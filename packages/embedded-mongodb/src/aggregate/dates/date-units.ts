import type { Value } from '../../bson/values.ts'
import { CommandError } from '../../errors.ts'
import { fromWallClock, offsetMs, wallClock } from './time-zone.ts'

const UNITS = ['year', 'quarter', 'month', 'week', 'day', 'hour', 'minute', 'second', 'millisecond'] as const
export type DateUnit = (typeof UNITS)[number]

export function unitOf(name: string, value: Value): DateUnit {
  const unit = UNITS.find((known) => known === value)
  if (unit !== undefined) return unit
  throw new CommandError('FailedToParse', `${name} parameter 'unit' value cannot be recognized as a time unit`)
}

const FIXED_MS: Partial<Record<DateUnit, number>> = { hour: 3_600_000, minute: 60_000, second: 1000, millisecond: 1 }
const DAY_MS = 86_400_000

function daysInMonth(year: number, month: number): number {
  return new Date(Date.UTC(year, month, 0)).getUTCDate()
}

/** Calendar units keep the wall clock's time, and a day beyond a month's end becomes its last. */
export function addUnits(ms: number, unit: DateUnit, amount: number, zone: string): number {
  const fixed = FIXED_MS[unit]
  if (fixed !== undefined) return ms + amount * fixed
  const clock = wallClock(ms, zone)
  if (unit === 'day' || unit === 'week') {
    return fromWallClock({ ...clock, day: clock.day + amount * (unit === 'week' ? 7 : 1) }, zone)
  }
  const months = clock.year * 12 + clock.month - 1 + amount * (unit === 'year' ? 12 : unit === 'quarter' ? 3 : 1)
  const year = Math.floor(months / 12)
  const month = (months % 12) + 1
  return fromWallClock({ ...clock, year, month, day: Math.min(clock.day, daysInMonth(year, month)) }, zone)
}

const WEEKDAYS = ['sunday', 'monday', 'tuesday', 'wednesday', 'thursday', 'friday', 'saturday']

function weekStartOf(name: string): number {
  const lower = name.toLowerCase()
  const at = WEEKDAYS.findIndex((day) => day === lower || day.slice(0, 3) === lower)
  if (at < 0)
    throw new CommandError('FailedToParse', `'startOfWeek' value '${name}' cannot be recognized as a day of a week`)
  return at
}

/** The index of the unit that a moment lies in, counted from some fixed one. */
function indexOf(ms: number, unit: DateUnit, zone: string, weekStart: string): number {
  const clock = wallClock(ms, zone)
  const dayIndex = Math.floor(Date.UTC(clock.year, clock.month - 1, clock.day) / DAY_MS)
  switch (unit) {
    case 'year':
      return clock.year
    case 'quarter':
      return clock.year * 4 + Math.floor((clock.month - 1) / 3)
    case 'month':
      return clock.year * 12 + clock.month - 1
    case 'week':
      // The epoch was a Thursday.
      return Math.floor((dayIndex + 4 - weekStartOf(weekStart)) / 7)
    case 'day':
      return dayIndex
    case 'hour':
    case 'minute':
    case 'second':
    case 'millisecond':
      return Math.floor((ms + offsetMs(zone, ms)) / (FIXED_MS[unit] ?? 1))
  }
}

/** How many boundaries of the unit lie between two moments. */
export function difference(start: number, end: number, unit: DateUnit, zone: string, weekStart: string): number {
  if (unit === 'millisecond') return end - start
  return indexOf(end, unit, zone, weekStart) - indexOf(start, unit, zone, weekStart)
}

const REFERENCE_MS = Date.UTC(2000, 0, 1)

/** The start of the bin of so many units in which a moment lies; bins are counted from 2000-01-01. */
export function truncate(ms: number, unit: DateUnit, size: number, zone: string, weekStart: string): number {
  const reference = fromWallClock({ ...wallClock(REFERENCE_MS, 'UTC') }, zone)
  const from = indexOf(unit === 'week' ? reference + 6 * DAY_MS : reference, unit, zone, weekStart)
  const bins = Math.floor((indexOf(ms, unit, zone, weekStart) - from) / size)
  const index = from + bins * size
  const midnight = { hour: 0, minute: 0, second: 0, ms: 0 }
  switch (unit) {
    case 'year':
      return fromWallClock({ year: index, month: 1, day: 1, ...midnight }, zone)
    case 'quarter':
      return fromWallClock({ year: Math.floor(index / 4), month: (index % 4) * 3 + 1, day: 1, ...midnight }, zone)
    case 'month':
      return fromWallClock({ year: Math.floor(index / 12), month: (index % 12) + 1, day: 1, ...midnight }, zone)
    case 'week':
      return fromWallClock({ year: 1970, month: 1, day: 1 + index * 7 - 4 + weekStartOf(weekStart), ...midnight }, zone)
    case 'day':
      return fromWallClock({ year: 1970, month: 1, day: 1 + index, ...midnight }, zone)
    case 'hour':
    case 'minute':
    case 'second':
    case 'millisecond':
      return index * (FIXED_MS[unit] ?? 1) - offsetMs(zone, ms)
  }
}
