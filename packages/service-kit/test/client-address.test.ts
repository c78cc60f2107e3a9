import { fastify } from 'fastify'
import { describe, expect, test } from 'vitest'
import { networkOf, trustedProxiesIn, trustedProxiesPattern } from '../src/client-address.ts'
import { createLogger } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import { createServer } from '../src/server.ts'
import { createTestTokens } from '../src/testing.ts'

test.each([
  ['192.0.2.7', '192.0.2.7'],
  ['::ffff:192.0.2.7', '192.0.2.7'],
  ['2001:db8:0:7:1:2:3:4', '2001:db8:0:7::/64'],
  ['2001:0DB8:0000:0007::1', '2001:db8:0:7::/64'],
  ['2001:db8::1', '2001:db8:0:0::/64'],
  ['::1', '0:0:0:0::/64'],
  ['fe80::1%eth0', 'fe80:0:0:0::/64'],
])('counts %s as %s', (address, network) => {
  expect(networkOf(address)).toBe(network)
})

test.each([
  ['1', true],
  ['loopback', true],
  ['10.0.0.0/8,fd00::/8', true],
  ['0', false],
  ['true', false],
  ['10.0.0.0/8,', false],
  ['*', false],
])('takes %s for a setting: %s', (setting, isGood) => {
  expect(new RegExp(trustedProxiesPattern).test(setting)).toBe(isGood)
})

describe('the address of a client', () => {
  const seenBehind = async (setting: string | undefined, peer: string, forwardedFor?: string) => {
    const app = createServer({
      service: 'test',
      logger: createLogger({ name: 'test', level: 'silent' }),
      metrics: createMetrics('test'),
      tokens: createTestTokens().verifier,
      routes: [],
      trustedProxies: trustedProxiesIn(setting),
      raw: async (server) => {
        server.get('/', (request) => ({ ip: request.ip }))
      },
    })
    const headers: Record<string, string> = forwardedFor === undefined ? {} : { 'x-forwarded-for': forwardedFor }
    const response = await app.inject({ url: '/', remoteAddress: peer, headers })
    await app.close()
    return response.json<{ ip: string }>().ip
  }

  test('is that of the connection, whatever a header claims', async () => {
    expect(await seenBehind(undefined, '203.0.113.9', '10.0.0.1')).toBe('203.0.113.9')
  })

  test('is what a trusted proxy says, and nobody else', async () => {
    expect(await seenBehind('10.0.0.0/8', '10.1.2.3', '198.51.100.4')).toBe('198.51.100.4')
    expect(await seenBehind('10.0.0.0/8', '203.0.113.9', '198.51.100.4')).toBe('203.0.113.9')
  })

  test('is what the last trusted hop saw, not what the client wrote before it', async () => {
    expect(await seenBehind('10.0.0.0/8', '10.1.2.3', '1.1.1.1, 198.51.100.4')).toBe('198.51.100.4')
    expect(await seenBehind('1', '203.0.113.9', '1.1.1.1, 198.51.100.4')).toBe('198.51.100.4')
    expect(await seenBehind('2', '203.0.113.9', '1.1.1.1, 198.51.100.4, 10.0.0.2')).toBe('198.51.100.4')
  })

  test('refuses to start with a network that is none', () => {
    expect(() => fastify({ trustProxy: ['10.0.0.0/99'] })).toThrow(/range/)
  })
})
