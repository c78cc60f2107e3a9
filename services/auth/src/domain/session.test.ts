import { describe, expect, test } from 'vitest'
import {
  exchangeToken,
  graceMs,
  isGood,
  knowsToken,
  maxExchangedHashes,
  revokeSession,
  type Session,
  startSession,
} from './session.ts'

const start = new Date('2026-03-01T10:00:00Z')
const at = (ms: number) => new Date(start.getTime() + ms)
const later = at(60_000)
const hourMs = 3600 * 1000
const lifetime = { absoluteMs: 72 * hourMs, idleMs: 24 * hourMs }
const fresh = startSession({ id: 'ses_1', userId: 'usr_1', tokenHash: 'first' }, lifetime, start)

const exchange = (session: Session, shownHash: string, nextHash: string, now: Date) =>
  exchangeToken(session, { shownHash, nextHash }, lifetime, now)

function exchanged(session: Session, shown: string, next: string, now = later): Session {
  const outcome = exchange(session, shown, next, now)
  if (outcome.kind !== 'exchanged') throw new Error(`was ${outcome.kind}`)
  return outcome.session
}

describe('exchanging a refresh token', () => {
  test('makes the next one good and remembers the last', () => {
    const session = exchanged(fresh, 'first', 'second')
    expect(session).toMatchObject({ tokenHash: 'second', exchangedHashes: ['first'], expiresAt: fresh.expiresAt })
  })

  test('gives the same successor again for a moment, and changes nothing', () => {
    const session = exchanged(fresh, 'first', 'second')
    expect(exchange(session, 'first', 'second', new Date(later.getTime() + graceMs))).toEqual({ kind: 'repeated' })
    expect(exchange(session, 'first', 'another', later)).toMatchObject({ kind: 'reused' })
  })

  test('ends the session when the token was exchanged before', () => {
    const session = exchanged(exchanged(fresh, 'first', 'second'), 'second', 'third')
    const now = new Date(later.getTime() + graceMs + 1)
    for (const [shown, next] of [
      ['first', 'second'],
      ['second', 'third'],
    ] as const)
      expect(exchange(session, shown, next, now)).toMatchObject({
        kind: 'reused',
        session: { tokenHash: 'third', revokedAt: now, revokedBecause: 'reuse' },
      })
    expect(exchange(session, 'first', 'second', later)).toMatchObject({ kind: 'reused' })
  })

  test('is refused for a token that never belonged to the session, which lives on', () => {
    expect(exchange(fresh, 'guessed', 'second', later)).toEqual({ kind: 'refused' })
  })

  test('is refused when the session was revoked or is over, also in the moment of grace', () => {
    expect(exchange(revokeSession(fresh, 'logout', later), 'first', 'second', later)).toEqual({ kind: 'refused' })
    const session = revokeSession(exchanged(fresh, 'first', 'second'), 'logout', later)
    expect(exchange(session, 'first', 'second', later)).toEqual({ kind: 'refused' })
    expect(exchange(fresh, 'first', 'second', at(lifetime.idleMs))).toEqual({ kind: 'refused' })
  })

  test('keeps a session alive that is used, until its absolute end', () => {
    let session = fresh
    for (let hours = 20; hours < 72; hours += 20)
      session = exchanged(session, session.tokenHash, `token_${hours}`, at(hours * hourMs))
    expect(session.expiresAt).toEqual(fresh.expiresAt)
    expect([isGood(session, at(71 * hourMs)), isGood(session, at(72 * hourMs))]).toEqual([true, false])
  })

  test('remembers a bounded number of tokens', () => {
    let session = fresh
    for (let index = 0; index <= maxExchangedHashes; index++)
      session = exchanged(session, session.tokenHash, `token_${index}`)
    expect(session.exchangedHashes).toHaveLength(maxExchangedHashes)
    expect(exchange(session, 'first', 'next', later)).toEqual({ kind: 'refused' })
  })

  test('notes from where', () => {
    const device = { userAgent: 'a browser', address: '192.0.2.1' }
    const shown = { shownHash: 'first', nextHash: 'second', device }
    expect(exchangeToken(fresh, shown, lifetime, later)).toMatchObject({ session: { device, lastSeenAt: later } })
  })
})

test('a session that was started before there was an idle time lives until its absolute end', () => {
  const { idleUntil: _missing, ...old } = fresh
  expect([isGood(old, at(71 * hourMs)), isGood(old, at(72 * hourMs))]).toEqual([true, false])
})

test('revoking twice keeps the first reason', () => {
  const revoked = revokeSession(fresh, 'logout', later)
  expect(revokeSession(revoked, 'reuse', start)).toBe(revoked)
})

test('a session knows the tokens it had', () => {
  const session = exchanged(fresh, 'first', 'second')
  expect(['first', 'second', 'third'].map((hash) => knowsToken(session, hash))).toEqual([true, true, false])
})
