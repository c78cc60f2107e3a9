import { CommandError } from '../../errors.ts'
import { offsetMs, type WallClock, wallClock } from './time-zone.ts'

export function isoDate(ms: number): string {
  const date = new Date(ms)
  if (Number.isNaN(date.getTime())) throw new CommandError(18537, 'date value out of range')
  return date.toISOString()
}

const DAY_MS = 86_400_000

export function dayOfYear(clock: WallClock): number {
  return Math.floor((Date.UTC(clock.year, clock.month - 1, clock.day) - Date.UTC(clock.year, 0, 1)) / DAY_MS) + 1
}

/** Sunday is 0. */
export function weekday(clock: WallClock): number {
  return new Date(Date.UTC(clock.year, clock.month - 1, clock.day)).getUTCDay()
}

/** ISO 8601: weeks begin on Monday, and the first week has the year's first Thursday. */
export function isoWeek(clock: WallClock): { year: number; week: number; day: number } {
  const day = weekday(clock) || 7
  const thursday = new Date(Date.UTC(clock.year, clock.month - 1, clock.day + 4 - day))
  const year = thursday.getUTCFullYear()
  const week = Math.floor((thursday.getTime() - Date.UTC(year, 0, 1)) / DAY_MS / 7) + 1
  return { year, week, day }
}

/** The number of the week that begins on Sunday; days before the first Sunday are in week 0. */
export function sundayWeek(clock: WallClock): number {
  return Math.floor((dayOfYear(clock) - 1 - weekday(clock) + 7) / 7)
}

const MONTHS = [
  'January',
  'February',
  'March',
  'April',
  'May',
  'June',
  'July',
  'August',
  'September',
  'October',
  'November',
  'December',
]

function pad(value: number, width: number): string {
  return String(value).padStart(width, '0')
}

function offsetText(minutes: number): string {
  const size = Math.abs(minutes)
  return `${minutes < 0 ? '-' : '+'}${pad(Math.floor(size / 60), 2)}${pad(size % 60, 2)}`
}

/** `$dateToString`. */
export function formatDate(ms: number, format: string, zone: string): string {
  const clock = wallClock(ms, zone)
  const week = isoWeek(clock)
  const minutes = offsetMs(zone, ms) / 60_000
  return format.replace(/%(.?)/gs, (_, specifier: string) => {
    switch (specifier) {
      case 'Y':
        return pad(clock.year, 4)
      case 'm':
        return pad(clock.month, 2)
      case 'd':
        return pad(clock.day, 2)
      case 'H':
        return pad(clock.hour, 2)
      case 'M':
        return pad(clock.minute, 2)
      case 'S':
        return pad(clock.second, 2)
      case 'L':
        return pad(clock.ms, 3)
      case 'j':
        return pad(dayOfYear(clock), 3)
      case 'w':
        return String(weekday(clock) + 1)
      case 'u':
        return String(week.day)
      case 'U':
        return pad(sundayWeek(clock), 2)
      case 'V':
        return pad(week.week, 2)
      case 'G':
        return pad(week.year, 4)
      case 'z':
        return offsetText(minutes)
      case 'Z':
        return String(minutes)
      case 'b':
        return (MONTHS[clock.month - 1] ?? '').slice(0, 3)
      case 'B':
        return MONTHS[clock.month - 1] ?? ''
      case '%':
        return '%'
      default:
        throw new CommandError(18536, `Invalid format character '%${specifier}' in format string`)
    }
  })
}
