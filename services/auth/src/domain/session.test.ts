import { describe, expect, test } from 'vitest'
import {
  exchangeToken,
  knowsToken,
  maxExchangedHashes,
  revokeSession,
  type Session,
  sessionLifetimeMs,
  startSession,
} from './session.ts'

const start = new Date('2026-03-01T10:00:00Z')
const later = new Date(start.getTime() + 60_000)
const fresh = startSession('ses_1', 'usr_1', 'first', start)

function exchanged(session: Session, shown: string, next: string, now = later): Session {
  const outcome = exchangeToken(session, shown, next, now)
  if (outcome.kind !== 'exchanged') throw new Error(`was ${outcome.kind}`)
  return outcome.session
}

describe('exchanging a refresh token', () => {
  test('makes the next one good and remembers the last', () => {
    const session = exchanged(fresh, 'first', 'second')
    expect(session).toMatchObject({ tokenHash: 'second', exchangedHashes: ['first'], expiresAt: fresh.expiresAt })
  })

  test('ends the session when the token was exchanged before', () => {
    const session = exchanged(exchanged(fresh, 'first', 'second'), 'second', 'third')
    for (const shown of ['first', 'second'])
      expect(exchangeToken(session, shown, 'fourth', later)).toMatchObject({
        kind: 'reused',
        session: { tokenHash: 'third', revokedAt: later, revokedBecause: 'reuse' },
      })
  })

  test('is refused for a token that never belonged to the session, which lives on', () => {
    expect(exchangeToken(fresh, 'guessed', 'second', later)).toEqual({ kind: 'refused' })
  })

  test('is refused when the session was revoked or is over', () => {
    expect(exchangeToken(revokeSession(fresh, 'logout', later), 'first', 'second', later)).toEqual({ kind: 'refused' })
    const over = new Date(start.getTime() + sessionLifetimeMs)
    expect(exchangeToken(fresh, 'first', 'second', over)).toEqual({ kind: 'refused' })
  })

  test('does not prolong the session and remembers a bounded number of tokens', () => {
    let session = fresh
    for (let index = 0; index <= maxExchangedHashes; index++)
      session = exchanged(session, session.tokenHash, `token_${index}`)
    expect(session.expiresAt).toEqual(fresh.expiresAt)
    expect(session.exchangedHashes).toHaveLength(maxExchangedHashes)
    expect(exchangeToken(session, 'first', 'next', later)).toEqual({ kind: 'refused' })
  })
})

test('revoking twice keeps the first reason', () => {
  const revoked = revokeSession(fresh, 'logout', later)
  expect(revokeSession(revoked, 'reuse', start)).toBe(revoked)
})

test('a session knows the tokens it had', () => {
  const session = exchanged(fresh, 'first', 'second')
  expect(['first', 'second', 'third'].map((hash) => knowsToken(session, hash))).toEqual([true, true, false])
})
