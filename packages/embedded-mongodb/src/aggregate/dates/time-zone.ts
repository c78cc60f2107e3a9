import { CommandError } from '../../errors.ts'

/** The fields of a moment as a wall clock shows them. Months count from 1. */
export interface WallClock {
  year: number
  month: number
  day: number
  hour: number
  minute: number
  second: number
  ms: number
}

const formats = new Map<string, Intl.DateTimeFormat>()
const MAX_FORMATS = 500

function formatFor(zone: string): Intl.DateTimeFormat {
  const known = formats.get(zone)
  if (known !== undefined) return known
  try {
    const format = new Intl.DateTimeFormat('en-US', {
      timeZone: zone,
      hourCycle: 'h23',
      era: 'short',
      year: 'numeric',
      month: 'numeric',
      day: 'numeric',
      hour: 'numeric',
      minute: 'numeric',
      second: 'numeric',
    })
    if (formats.size >= MAX_FORMATS) formats.clear()
    formats.set(zone, format)
    return format
  } catch (error) {
    throw new CommandError(40485, `unrecognized time zone identifier: "${zone}" (${String(error)})`)
  }
}

const FIXED = /^([+-])(\d{2}):?(\d{2})?$/

/** How far the zone is ahead of UTC at a moment. */
export function offsetMs(zone: string, utcMs: number): number {
  if (zone === 'UTC' || zone === 'GMT' || zone === 'Z') return 0
  const fixed = FIXED.exec(zone)
  if (fixed !== null) {
    const size = (Number(fixed[2]) * 60 + Number(fixed[3] ?? 0)) * 60_000
    return fixed[1] === '-' ? -size : size
  }
  const parts = new Map(
    formatFor(zone)
      .formatToParts(utcMs)
      .map((part) => [part.type, part.value]),
  )
  const part = (type: Intl.DateTimeFormatPartTypes): number => Number(parts.get(type) ?? 0)
  const year = parts.get('era') === 'BC' ? 1 - part('year') : part('year')
  const local = utcOf({
    year,
    month: part('month'),
    day: part('day'),
    hour: part('hour'),
    minute: part('minute'),
    second: part('second'),
    ms: 0,
  })
  return local - Math.floor(utcMs / 1000) * 1000
}

export function wallClock(utcMs: number, zone: string): WallClock {
  const date = new Date(utcMs + offsetMs(zone, utcMs))
  return {
    year: date.getUTCFullYear(),
    month: date.getUTCMonth() + 1,
    day: date.getUTCDate(),
    hour: date.getUTCHours(),
    minute: date.getUTCMinutes(),
    second: date.getUTCSeconds(),
    ms: date.getUTCMilliseconds(),
  }
}

function utcOf(clock: WallClock): number {
  const date = new Date(0)
  date.setUTCFullYear(clock.year, clock.month - 1, clock.day)
  date.setUTCHours(clock.hour, clock.minute, clock.second, clock.ms)
  return date.getTime()
}

/** The moment at which the zone's clock shows this. Fields beyond their range carry over. */
export function fromWallClock(clock: WallClock, zone: string): number {
  const local = utcOf(clock)
  const guess = local - offsetMs(zone, local)
  return local - offsetMs(zone, guess)
}
