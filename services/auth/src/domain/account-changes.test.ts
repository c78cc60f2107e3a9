import { describe, expect, test } from 'vitest'
import { createAccount } from './account.ts'
import { AdminStays, changeProfile, deactivate, isEndedByAccount, setPassword } from './account-changes.ts'
import { startSession } from './session.ts'

const now = new Date('2026-03-01T10:00:00Z')
const earlier = new Date(now.getTime() - 1)
const ada = createAccount({ id: 'usr_1', email: 'a@b.org', name: 'Ada', roles: ['customer'], passwordHash: 'x' })
const lifetime = { absoluteMs: 1000, idleMs: 1000 }
const session = (id: string, startedAt: Date) =>
  startSession({ id, userId: 'usr_1', tokenHash: 'h' }, lifetime, startedAt)

describe('a new password', () => {
  test('ends what began before, but for the session that set it', () => {
    const changed = setPassword(ada, 'y', now, 'ses_1')
    expect(isEndedByAccount(changed, session('ses_1', earlier))).toBe(false)
    expect(isEndedByAccount(changed, session('ses_2', earlier))).toBe(true)
    expect(isEndedByAccount(changed, session('ses_3', now))).toBe(false)
    expect(isEndedByAccount(setPassword(changed, 'z', now), session('ses_1', earlier))).toBe(true)
  })

  test('ends sessions that do not say when they began', () => {
    const { startedAt: _startedAt, ...old } = session('ses_1', earlier)
    expect(isEndedByAccount(ada, old)).toBe(false)
    expect(isEndedByAccount(setPassword(ada, 'y', now), old)).toBe(true)
  })
})

test('closing an account twice changes nothing more, and an admin stays', () => {
  const closed = deactivate(ada, earlier)
  expect(closed).toMatchObject({ deactivatedAt: earlier, letters: [] })
  expect(deactivate(closed, now)).toBe(closed)
  expect(() => deactivate({ ...ada, roles: ['admin'] }, now)).toThrow(
    expect.objectContaining({ code: AdminStays.code }),
  )
})

test('a profile that says nothing new is the same object', () => {
  expect(changeProfile(ada, {})).toBe(ada)
  expect(changeProfile(ada, { name: ' Ada ' })).toBe(ada)
  expect(changeProfile(ada, { locale: 'de' })).toEqual({ ...ada, locale: 'de' })
})
