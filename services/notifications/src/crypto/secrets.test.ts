import { createKeyring } from '@tradewind/service-kit/keyring'
import { Webhook } from 'standardwebhooks'
import { describe, expect, test } from 'vitest'
import { createUnsubscribeTokens } from './unsubscribe-tokens.ts'
import { createWebhookSecrets } from './webhook-secrets.ts'
import { isSignedBy, signWebhook } from './webhook-signature.ts'

const keyOf = (id: string, byte: number) => `${id}:${Buffer.alloc(32, byte).toString('base64')}`
const [old, current] = [keyOf('k1', 1), keyOf('k2', 2)]
const secretsWith = (keys: string) => createWebhookSecrets(createKeyring(keys, 'webhook secrets'))
const message = { id: 'evt_1', timestampSeconds: 1_700_000_000, body: '{"a":1}' }

describe('a webhook secret', () => {
  test('signs as the library does that receivers use', () => {
    const { secret, sealed } = secretsWith(old).create('whe_1')
    const expected = new Webhook(secret).sign(message.id, new Date(message.timestampSeconds * 1000), message.body)
    expect(secretsWith(old).sign('whe_1', [sealed], message)).toBe(expected)
  })

  test('signs as the specification’s example', () => {
    const key = Buffer.from('MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw', 'base64')
    const body = '{"test": 2432232314}'
    expect(signWebhook(key, 'msg_p5jXN8AQM9LWM0D4loKWxJek', 1_614_265_330, body)).toBe(
      'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=',
    )
  })

  test('opens after the key was replaced, for as long as the old one is named', () => {
    const { sealed } = secretsWith(old).create('whe_1')
    const before = secretsWith(old).sign('whe_1', [sealed], message)
    const rotated = secretsWith(`${current},${old}`)
    expect(rotated.sign('whe_1', [sealed], message)).toBe(before)
    expect(sealed.startsWith('k1.')).toBe(true)
    expect(rotated.create('whe_1').sealed.startsWith('k2.')).toBe(true)
    expect(() => secretsWith(current).sign('whe_1', [sealed], message)).toThrow('key k1, which is not configured')
  })

  test('opens for its endpoint only, and not when anything of it was changed', () => {
    const { sealed } = secretsWith(old).create('whe_1')
    expect(() => secretsWith(old).sign('whe_2', [sealed], message)).toThrow(/authenticate/)
    const bytes = Buffer.from(sealed.slice(3), 'base64url')
    for (const place of [0, 12, 28, bytes.length - 1]) {
      const forged = Buffer.from(bytes)
      forged.writeUInt8(forged.readUInt8(place) ^ 1, place)
      expect(() => secretsWith(old).sign('whe_1', [`k1.${forged.toString('base64url')}`], message)).toThrow(
        /authenticate/,
      )
    }
    expect(() => secretsWith(keyOf('k1', 9)).sign('whe_1', [sealed], message)).toThrow(/authenticate/)
  })

  test('is sealed differently each time', () => {
    const made = Array.from({ length: 20 }, () => secretsWith(old).create('whe_1'))
    expect(new Set(made.flatMap(({ secret, sealed }) => [secret, sealed])).size).toBe(40)
  })
})

describe('a signature', () => {
  const secret = `whsec_${Buffer.alloc(24, 7).toString('base64')}`
  const now = new Date('2026-03-01T10:00:00Z')
  const body = Buffer.from('{}')
  const signed = (at: Date) => ({
    id: 'rep_1',
    timestamp: String(Math.floor(at.getTime() / 1000)),
    signature: new Webhook(secret).sign('rep_1', at, '{}'),
    body,
  })

  test('holds for five minutes, alone or among others', () => {
    const one = signed(now)
    expect(isSignedBy(secret, one, now)).toBe(true)
    expect(isSignedBy(secret, { ...one, signature: `v1a,xyz ${one.signature} v1,AAAA` }, now)).toBe(true)
    expect(isSignedBy(secret, one, new Date(now.getTime() + 300_000))).toBe(true)
    expect(isSignedBy(secret, one, new Date(now.getTime() + 301_000))).toBe(false)
    expect(isSignedBy(secret, one, new Date(now.getTime() - 301_000))).toBe(false)
  })

  test('is bound to id, time and body', () => {
    const one = signed(now)
    for (const changed of [
      { id: 'rep_2' },
      { timestamp: String(Number(one.timestamp) + 1) },
      { body: Buffer.from('{ }') },
      { signature: '' },
    ])
      expect(isSignedBy(secret, { ...one, ...changed }, now)).toBe(false)
  })
})

describe('a link to unsubscribe', () => {
  const what = { userId: 'usr_1', category: 'shipping' }

  test('works after the key was replaced, and is worth nothing for another purpose', () => {
    const token = createUnsubscribeTokens(createKeyring(old, 'unsubscribe')).create(what)
    expect(createUnsubscribeTokens(createKeyring(`${current},${old}`, 'unsubscribe')).open(token)).toEqual(what)
    expect(createUnsubscribeTokens(createKeyring(current, 'unsubscribe')).open(token)).toBeUndefined()
    expect(createUnsubscribeTokens(createKeyring(old, 'another')).open(token)).toBeUndefined()
  })
})
