import { expect, test } from 'vitest'
import { createRevocations, maxTokenLifetimeSeconds } from '../src/revocations.ts'

const start = Date.parse('2026-03-01T10:00:00Z')
const at = (seconds: number) => new Date(start + seconds * 1000)
const token = (
  facts: Partial<{ userId: string; sessionId: string; accessVersion: number; issuedAt: number; kid: string }> = {},
) => ({
  userId: 'usr_1',
  sessionId: 'ses_1',
  accessVersion: 0,
  issuedAt: start,
  kid: 'key-1',
  ...facts,
})

test('an ended session takes its tokens with it, and no others', () => {
  const revocations = createRevocations({ now: () => start })
  revocations.end('ses_1', at(0))
  expect(revocations.covers(token())).toBe(true)
  expect(revocations.covers(token({ sessionId: 'ses_2' }))).toBe(false)
})

test('a change of access takes the tokens of earlier versions, in whatever order it is heard', () => {
  const revocations = createRevocations({ now: () => start })
  revocations.outdate('usr_1', 2, at(0))
  revocations.outdate('usr_1', 1, at(-1))
  revocations.outdate('usr_1', 2, at(0))
  expect([0, 1, 2, 3].map((accessVersion) => revocations.covers(token({ accessVersion })))).toEqual([
    true,
    true,
    false,
    false,
  ])
})

test('a withdrawn key takes with it whatever it signed, then and later', () => {
  let now = start
  const revocations = createRevocations({ now: () => now })
  revocations.withdrawKey('key-1')
  expect([revocations.isWithdrawn('key-1'), revocations.isWithdrawn('key-2')]).toEqual([true, false])
  expect(revocations.covers(token())).toBe(true)
  expect(revocations.covers(token({ kid: 'key-2' }))).toBe(false)
  now += 30 * 24 * 3600 * 1000
  revocations.end('ses_2', new Date(now))
  expect(revocations.covers(token({ issuedAt: now }))).toBe(true)
})

test('is forgotten when no token can be left that it concerns', () => {
  let now = start
  const revocations = createRevocations({ now: () => now })
  revocations.end('ses_1', at(0))
  now += (maxTokenLifetimeSeconds + 61) * 1000
  revocations.end('ses_2', new Date(now))
  expect(revocations.size()).toBe(1)
  revocations.end('ses_3', at(0))
  expect(revocations.size()).toBe(1)
})

test('is bounded, and refuses what is as old as what it had to forget', () => {
  const revocations = createRevocations({ now: () => start, max: 3 })
  for (let index = 0; index < 5; index++) revocations.end(`ses_${index}`, at(index))
  expect(revocations.size()).toBe(3)
  for (const sessionId of ['ses_0', 'ses_1', 'ses_2', 'ses_3', 'ses_4'])
    expect(revocations.covers(token({ sessionId, issuedAt: at(-60).getTime() }))).toBe(true)
  expect(revocations.covers(token({ sessionId: 'ses_9', issuedAt: at(1).getTime() }))).toBe(true)
  expect(revocations.covers(token({ sessionId: 'ses_9', issuedAt: at(2).getTime() }))).toBe(false)
})
