import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { allEvents } from '../src/events.ts'

/** A payload of every version ever published. None may be changed or removed: somewhere one like it still waits. */
const golden = join(import.meta.dirname, '../golden')
const goldenTypes = readdirSync(golden).map((file) => file.replace(/\.json$/, ''))
const payload = (type: string): unknown => JSON.parse(readFileSync(join(golden, `${type}.json`), 'utf8'))

test('every event has a golden payload', () => {
  expect([...allEvents.keys()].filter((type) => !goldenTypes.includes(type))).toEqual([])
})

test.each(goldenTypes)('%s still parses', (type) => {
  expect(allEvents.get(type)?.faults(payload(type))).toEqual([])
})

test.each(goldenTypes)('%s takes a field that a later version added', (type) => {
  const later = { ...Object(payload(type)), addedLater: true }
  expect(allEvents.get(type)?.matches(later)).toBe(true)
})

describe.each(goldenTypes)('%s', (type) => {
  const fields = Object.entries(Object(payload(type)))

  test.each(fields.map(([name]) => name))('refuses a payload without %s', (name) => {
    const rest = Object.fromEntries(fields.filter(([other]) => other !== name))
    expect(allEvents.get(type)?.matches(rest)).toBe(false)
  })

  test('carries no personal data', () => {
    expect(JSON.stringify(payload(type))).not.toMatch(/email"?:|@|address|phone|"name"/i)
  })
})
