import { describe, expect, test } from 'vitest'
import { enrolTotp, freeFailures, isTotpActive, judgeCode, pausedUntil, pauseMs, type Totp } from './totp.ts'

const now = new Date('2026-03-01T10:00:00Z')
const later = new Date(now.getTime() + pauseMs)
const enrolled = enrolTotp('sealed')

function after(totp: Totp, steps: readonly number[], at = now): Totp {
  const verdict = judgeCode(totp, steps, at)
  if (verdict.kind === 'paused') throw new Error('paused')
  return verdict.totp
}

describe('a code', () => {
  test('makes a secret count, once', () => {
    expect(isTotpActive(enrolled)).toBe(false)
    const active = after(enrolled, [100])
    expect(active).toMatchObject({ activeFrom: now, lastStep: 100, failures: 0 })
    expect(after(active, [101], later)).toMatchObject({ activeFrom: now, lastStep: 101 })
  })

  test('of a step that was taken, or of one before, is refused', () => {
    const active = after(enrolled, [100])
    for (const step of [100, 99]) expect(judgeCode(active, [step], now)).toMatchObject({ kind: 'refused' })
    expect(judgeCode(active, [100, 101], now)).toMatchObject({ kind: 'accepted', totp: { lastStep: 101 } })
  })

  test('is not looked at for a while after many wrong ones, and a good one forgets them', () => {
    let totp = after(enrolled, [100])
    for (let times = 0; times < freeFailures; times += 1) totp = after(totp, [])
    expect(judgeCode(totp, [101], now)).toEqual({ kind: 'paused', until: later })
    expect(pausedUntil(totp, later)).toBeUndefined()
    const wrongAgain = after(totp, [], later)
    expect(judgeCode(wrongAgain, [101], later)).toMatchObject({ kind: 'paused' })
    expect(after(totp, [101], later)).toEqual({ ...enrolled, activeFrom: now, lastStep: 101 })
  })
})
