import { describe, expect, test } from 'vitest'
import { createCode, redeemCode } from './authorization-code.ts'
import { type Client, changeClient, checkClient, UnfitClient } from './client.ts'
import { InvalidScope } from './oauth-errors.ts'
import { givenScope } from './scope.ts'

const now = new Date('2026-03-01T10:00:00Z')
const at = (ms: number) => new Date(now.getTime() + ms)

describe('a code', () => {
  const shown = { codeHash: 'h', clientId: 'cli_1', redirectUri: 'https://a.test/cb', challenge: 'c' }
  const code = createCode({ id: 'cod_1', userId: 'usr_1', scopes: ['own:use'], ...shown }, now)

  test('is good once', () => {
    const first = redeemCode(code, shown, 'ses_1', at(59_999))
    expect(first).toMatchObject({ kind: 'redeemed', code: { sessionId: 'ses_1' } })
    if (first.kind !== 'redeemed') throw new Error('not redeemed')
    expect(redeemCode(first.code, shown, 'ses_2', at(60_001))).toMatchObject({
      kind: 'reused',
      code: { sessionId: 'ses_1', reusedAt: at(60_001) },
    })
  })

  test('is refused after a minute, to others, and without its verifier', () => {
    expect(redeemCode(code, shown, 'ses_1', at(60_000))).toEqual({ kind: 'refused' })
    for (const change of [
      { codeHash: 'x' },
      { clientId: 'cli_2' },
      { redirectUri: 'https://a.test/cb/' },
      { challenge: 'x' },
    ])
      expect(redeemCode(code, { ...shown, ...change }, 'ses_1', now)).toEqual({ kind: 'refused' })
  })
})

test('a scope is what was asked for, at most what is allowed', () => {
  expect(givenScope(undefined, ['a', 'b'])).toEqual(['a', 'b'])
  expect(givenScope('b  b', ['a', 'b'])).toEqual(['b'])
  for (const asked of ['c', 'a c', ' '])
    expect(() => givenScope(asked, ['a', 'b'])).toThrow(expect.toSatisfy(InvalidScope.is))
})

describe('a client', () => {
  const machine: Client = {
    id: 'cli_1',
    kind: 'machine',
    name: 'a warehouse',
    scopes: ['stock:write'],
    redirectUris: [],
    keys: [],
    secretHash: 'h',
    active: true,
    accessVersion: 1,
  }
  const { secretHash: _none, ...rest } = machine
  const app: Client = { ...rest, kind: 'app', scopes: ['own:use'], redirectUris: ['https://a.test/cb'] }
  const key = { kty: 'OKP', crv: 'Ed25519', x: 'x', kid: 'k' } as const

  test('has what its kind needs', () => {
    expect(checkClient(machine, ['stock:write'])).toBe(machine)
    expect(checkClient(app, [])).toBe(app)
    for (const unfit of [
      { ...machine, redirectUris: app.redirectUris },
      { ...machine, scopes: ['own:use'] },
      { ...app, redirectUris: [] },
      { ...app, keys: [key] },
      { ...app, secretHash: 'h' },
    ])
      expect(() => checkClient(unfit, ['stock:write'])).toThrow(expect.toSatisfy(UnfitClient.is))
  })

  test('loses what it was given when anything but its name or addresses changes', () => {
    expect(changeClient(machine, { name: 'b' }).accessVersion).toBe(1)
    expect(changeClient(machine, { name: 'b', scopes: [] })).toMatchObject({ name: 'b', accessVersion: 2 })
    expect(changeClient(machine, { active: false }).accessVersion).toBe(2)
  })
})
