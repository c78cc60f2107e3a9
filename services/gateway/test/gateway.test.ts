import { createHash, randomBytes } from 'node:crypto'
import { once } from 'node:events'
import {
  createServer as createHttpServer,
  type IncomingHttpHeaders,
  type IncomingMessage,
  request,
  type Server,
  type ServerResponse,
} from 'node:http'
import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { permissionsOf } from '@tradewind/contracts/permissions'
import { permissionFor } from '@tradewind/contracts/route'
import { allRoutes } from '@tradewind/contracts/routes'
import { QueryUnanswered } from '@tradewind/messaging/query'
import { createLogger } from '@tradewind/service-kit/log'
import { createMetrics } from '@tradewind/service-kit/metrics'
import { createServer } from '@tradewind/service-kit/server'
import { createTestTokens } from '@tradewind/service-kit/testing'
import type { FastifyInstance } from 'fastify'
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest'
import { createGateway, type GatewayOptions } from '../src/app.ts'
import { createApiKeyExchange } from '../src/http/exchange-api-key.ts'
import { createSharedCounts } from '../src/http/shared-counts.ts'

const tokens = createTestTokens()

interface Seen {
  method: string
  url: string
  headers: IncomingHttpHeaders
  body: string
  socket: object
}

const seen: Seen[] = []
/** Hashes of the API keys that auth was asked for. */
const asked: string[] = []
let answerForKey: (keyHash: string) => Promise<string | null>
let answer: (request: IncomingMessage, response: ServerResponse) => void
let upstream: Server
let upstreamUrl: string

async function readAll(stream: IncomingMessage): Promise<string> {
  let text = ''
  for await (const chunk of stream) text += String(chunk)
  return text
}

function portOf(server: Server): number {
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

beforeAll(async () => {
  upstream = createHttpServer((incoming, response) => {
    readAll(incoming).then(
      (body) => {
        const { method = '', url = '', headers, socket } = incoming
        seen.push({ method, url, headers, body, socket })
        answer(incoming, response)
      },
      () => response.destroy(),
    )
  })
  upstream.listen(0, '127.0.0.1')
  await once(upstream, 'listening')
  upstreamUrl = `http://127.0.0.1:${portOf(upstream)}`
})
afterAll(() => {
  upstream.closeAllConnections()
  upstream.close()
})

beforeEach(() => {
  seen.length = 0
  asked.length = 0
  answerForKey = async () => null
  answer = (_request, response) => {
    response
      .writeHead(200, { 'content-type': 'application/json', etag: '"1"', 'x-powered-by': 'secret' })
      .end('{"ok":true}')
  }
})

const silent = createLogger({ name: 'gateway', level: 'silent' })

async function startGateway(options: Partial<GatewayOptions> = {}, logger = silent): Promise<FastifyInstance> {
  const upstreams = {
    auth: upstreamUrl,
    inventory: upstreamUrl,
    orders: upstreamUrl,
    payments: upstreamUrl,
    notifications: upstreamUrl,
  }
  const app = createServer({
    service: 'gateway',
    logger,
    metrics: createMetrics('gateway'),
    tokens: tokens.verifier,
    routes: [],
    raw: createGateway({
      upstreams,
      tokens: tokens.verifier,
      exchangeApiKey: createApiKeyExchange(async (keyHash) => {
        asked.push(keyHash)
        return await answerForKey(keyHash)
      }),
      upstreamTimeoutMs: 5_000,
      // A clock that stands, so that no minute begins in the middle of a test.
      counts: createSharedCounts({ id: 'gtw_test', now: () => 30_000 }),
      perMinute: 1_000,
      signInsPerMinute: 1_000,
      origins: [],
      ...options,
    }),
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
  return app
}

interface Answer {
  status: number
  headers: IncomingHttpHeaders
  body: string
}

interface Asked {
  method?: string
  headers?: Record<string, string>
  body?: string | string[]
}

async function ask(
  app: FastifyInstance,
  path: string,
  { method = 'GET', headers = {}, body }: Asked = {},
): Promise<Answer> {
  const outgoing = request({ host: '127.0.0.1', port: portOf(app.server), path, method, headers, agent: false })
  const parts = [body ?? []].flat()
  for (const part of parts) outgoing.write(part)
  outgoing.end()
  const [response]: IncomingMessage[] = await once(outgoing, 'response')
  if (response === undefined) throw new Error('no response')
  return { status: response.statusCode ?? 0, headers: response.headers, body: await readAll(response) }
}

const problemOf = ({ body }: Answer): Record<string, unknown> => JSON.parse(body)
const json = { 'content-type': 'application/json' }
const asCustomer = async () => ({ authorization: await tokens.bearer() })

let gateway: FastifyInstance
beforeAll(async () => {
  gateway = await startGateway()
})
afterAll(() => gateway.close())

describe('forwarding', () => {
  const orderId = `ord_${'0'.repeat(32)}`

  test.each(allRoutes.map(({ method, path, access, schema }) => [method, path, access, schema] as const))(
    '%s %s goes to its service for those it is for (%s)',
    async (method, path, access, { body: hasBody, upload, form }) => {
      const url = path.replaceAll(/:\w+/g, 'some-id')
      const type = form === true ? 'application/x-www-form-urlencoded' : (upload?.mediaTypes[0] ?? 'application/json')
      const body =
        hasBody === undefined && upload === undefined ? {} : { headers: { 'content-type': type }, body: '{}' }
      const as = async (roles?: string[]) => {
        const authorization = roles === undefined ? {} : { authorization: await tokens.bearer({ roles }) }
        return (await ask(gateway, url, { method, ...body, headers: { ...body.headers, ...authorization } })).status
      }
      expect(await as()).toBe(access === 'public' ? 200 : 401)
      const permission = permissionFor(access)
      const isForCustomers = permission === undefined || permissionsOf(['customer']).has(permission)
      expect(await as(['customer'])).toBe(isForCustomers ? 200 : 403)
      expect(await as(['admin'])).toBe(200)
      expect(new Set(seen.map((one) => `${one.method} ${one.url}`))).toEqual(new Set([`${method} ${url}`]))
    },
  )

  test.each([
    '/v1/orders/1/secrets',
    '/internal',
    '/metrics',
    '/readyz',
    '/livez',
    '//v1/products',
    '/v1/auth/secrets',
  ])('nothing else leads anywhere: %s', async (path) => {
    const response = await ask(gateway, path, { headers: await asCustomer() })
    expect([response.status, problemOf(response)['code']]).toEqual([404, 'ROUTE_NOT_FOUND'])
    expect(response.headers['content-security-policy']).toBeDefined()
    expect(seen).toEqual([])
  })

  test('does not leave the path of its route', async () => {
    const response = await ask(gateway, '/v1/products/..%2f..%2finternal')
    expect(response.status).toBe(400)
    expect(seen).toEqual([])
  })

  test('passes path, query, body and answer through', async () => {
    answer = (_request, response) => {
      response.writeHead(201, { 'content-type': 'application/json', location: '/v1/orders/1' }).end('{"id":"1"}')
    }
    const response = await ask(gateway, '/v1/orders?a=1&a=%20x', {
      method: 'POST',
      headers: { ...json, ...(await asCustomer()), 'idempotency-key': 'k-1', prefer: 'wait=5' },
      body: ['{"lines":', '[]}'],
    })
    expect([response.status, response.body, response.headers['location']]).toEqual([201, '{"id":"1"}', '/v1/orders/1'])
    expect(seen[0]).toMatchObject({
      method: 'POST',
      url: '/v1/orders?a=1&a=%20x',
      body: '{"lines":[]}',
      headers: { 'idempotency-key': 'k-1', prefer: 'wait=5', authorization: expect.stringMatching(/^Bearer /) },
    })
  })

  test('passes a problem of the service through untouched', async () => {
    const problem =
      '{"type":"x","title":"Conflict","status":409,"code":"ORDERS_X","errors":[{"pointer":"/a","detail":"b"}]}'
    answer = (_request, response) => {
      response.writeHead(409, { 'content-type': 'application/problem+json', 'retry-after': '9' }).end(problem)
    }
    const response = await ask(gateway, `/v1/orders/${orderId}`, { headers: await asCustomer() })
    expect([response.status, response.body, response.headers['retry-after']]).toEqual([409, problem, '9'])
    expect(response.headers['content-type']).toBe('application/problem+json')
  })

  describe('on a connection that ends before the answer', () => {
    /** Ends the connection of so many requests, and answers those that follow. */
    const breakOff = (times: number) => {
      const answerWell = answer
      answer = (incoming, response) => {
        if (seen.length <= times) incoming.socket.destroy()
        else answerWell(incoming, response)
      }
    }
    const keyed = async () => ({ ...(await asCustomer()), ...json, 'idempotency-key': 'once' })

    test('repeats what only reads', async () => {
      breakOff(1)
      expect((await ask(gateway, '/v1/products')).status).toBe(200)
      expect(seen).toHaveLength(2)
    })

    test('repeats what carries an Idempotency-Key, with its body', async () => {
      breakOff(1)
      const response = await ask(gateway, '/v1/orders', { method: 'POST', headers: await keyed(), body: '{"n":1}' })
      expect(response.status).toBe(200)
      expect(seen.map(({ body, headers }) => [body, headers['idempotency-key']])).toEqual([
        ['{"n":1}', 'once'],
        ['{"n":1}', 'once'],
      ])
    })

    test('repeats it once', async () => {
      breakOff(2)
      const response = await ask(gateway, '/v1/orders', { method: 'POST', headers: await keyed(), body: '{}' })
      expect([response.status, problemOf(response)['code']]).toEqual([502, 'UPSTREAM_FAILED'])
      expect(seen).toHaveLength(2)
    })

    test('repeats nothing that may have an effect twice', async () => {
      breakOff(1)
      const credentials = { method: 'POST', headers: { ...json, 'idempotency-key': 'ignored' }, body: '{}' }
      const response = await ask(gateway, '/v1/auth/login', credentials)
      expect([response.status, problemOf(response)['code']]).toEqual([502, 'UPSTREAM_FAILED'])
      expect(seen).toHaveLength(1)
    })
  })

  test('repeats nothing that was answered, not even when the service says 503', async () => {
    answer = (_request, response) => {
      response.writeHead(503, { 'content-type': 'application/problem+json', 'retry-after': '1' }).end('{"status":503}')
    }
    expect((await ask(gateway, '/v1/products')).status).toBe(503)
    expect(seen).toHaveLength(1)
  })

  test('keeps its connections', async () => {
    await ask(gateway, '/v1/locations')
    await ask(gateway, '/v1/locations')
    expect(seen[0]?.socket).toBe(seen[1]?.socket)
  })

  test('ignores a body where there is none to send', async () => {
    const response = await ask(gateway, '/v1/locations', { headers: { ...json, 'content-length': '2' }, body: '{}' })
    expect(response.status).toBe(200)
    expect(seen[0]).toMatchObject({ body: '' })
    expect(seen[0]?.headers).not.toHaveProperty('content-length')
  })
})

describe('headers', () => {
  test('that sign a report of a mail provider go through with its body as it is', async () => {
    const signed = { 'webhook-id': 'rep_1', 'webhook-timestamp': '1700000000', 'webhook-signature': 'v1,abc' }
    const url = '/v1/notifications/bounces'
    await ask(gateway, url, { method: 'POST', headers: { ...json, ...signed }, body: ['{ "a":', ' 1 }'] })
    expect(seen[0]).toMatchObject({ url, headers: signed, body: '{ "a": 1 }' })
  })

  test('and the body of a mail program that unsubscribes go through', async () => {
    const url = '/v1/notifications/unsubscribe?token=a.b.c.d'
    const type = 'multipart/form-data; boundary=x'
    const body = '--x\r\ncontent-disposition: form-data; name="List-Unsubscribe"\r\n\r\nOne-Click\r\n--x--\r\n'
    await ask(gateway, url, { method: 'POST', headers: { 'content-type': type }, body: [body] })
    expect(seen[0]).toMatchObject({ url, headers: { 'content-type': type }, body })
  })

  test('that claim an identity or an origin stay outside', async () => {
    const claims = {
      'x-user-id': 'usr_admin',
      'x-user-roles': 'operator',
      'x-tradewind-caller': 'operator',
      'x-forwarded-for': '10.0.0.1',
      'x-forwarded-proto': 'https',
      'x-forwarded-host': 'evil.test',
      'x-real-ip': '10.0.0.1',
      forwarded: 'for=10.0.0.1',
      'x-http-method-override': 'DELETE',
      'x-original-url': '/internal',
      cookie: 'session=1',
      te: 'trailers',
      'proxy-authorization': 'Basic YTpi',
      'x-secret': '1',
      connection: 'x-secret, authorization',
    }
    await ask(gateway, '/v1/products', { headers: { ...claims, 'user-agent': 'a-shop/1' } })
    const headers = seen[0]?.headers ?? {}
    expect(headers).toMatchObject({
      'user-agent': 'a-shop/1',
      'x-forwarded-for': '127.0.0.1',
      'x-forwarded-proto': 'http',
      'x-forwarded-host': `127.0.0.1:${portOf(gateway.server)}`,
    })
    const refused = Object.keys(claims).filter((name) => !name.startsWith('x-forwarded-') && name !== 'connection')
    expect(refused.filter((name) => name in headers)).toEqual([])
  })

  test('of tracing go on and come back', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const response = await ask(gateway, '/v1/products', { headers: { 'x-request-id': 'my-id', traceparent } })
    expect(response.headers['x-request-id']).toBe('my-id')
    expect(seen[0]?.headers['x-request-id']).toBe('my-id')
    expect(seen[0]?.headers['traceparent']).toMatch(
      /^00-4bf92f3577b34da6a3ce929d0e0e4736-(?!00f067aa0ba902b7)[0-9a-f]{16}-01$/,
    )
    const other = await ask(gateway, '/v1/products', { headers: { 'x-request-id': 'not sane!' } })
    expect(other.headers['x-request-id']).toBe(seen[1]?.headers['x-request-id'])
    expect(other.headers['x-request-id']).not.toBe('not sane!')
  })

  test('of security are set, and those that tell what a service is made of are not', async () => {
    const { headers } = await ask(gateway, '/v1/products')
    expect(headers).toMatchObject({ 'x-content-type-options': 'nosniff', 'x-frame-options': 'SAMEORIGIN', etag: '"1"' })
    expect(headers['content-security-policy']).toContain("default-src 'self'")
    expect(headers).not.toHaveProperty('x-powered-by')
  })

  test('of CORS are given to the configured origins only', async () => {
    const open = await startGateway({ origins: ['https://shop.test'] })
    onTestFinished(() => open.close())
    const from = async (app: FastifyInstance, origin: string) =>
      (await ask(app, '/v1/products', { headers: { origin } })).headers['access-control-allow-origin']
    expect(await from(gateway, 'https://shop.test')).toBeUndefined()
    expect(await from(open, 'https://shop.test')).toBe('https://shop.test')
    expect(await from(open, 'https://evil.test')).toBeUndefined()
    const preflight = await ask(open, '/v1/orders', {
      method: 'OPTIONS',
      headers: { origin: 'https://shop.test', 'access-control-request-method': 'POST' },
    })
    expect(preflight.status).toBe(204)
    expect(preflight.headers['access-control-allow-headers']).toContain('idempotency-key')
  })
})

describe('bodies', () => {
  const post = async (options: Asked) =>
    ask(gateway, '/v1/orders', { method: 'POST', ...options, headers: { ...(await asCustomer()), ...options.headers } })

  test.each(['text/plain', 'application/xml', 'multipart/form-data; boundary=x', 'text/plain; a=application/json'])(
    'of type %s are refused',
    async (type) => {
      const response = await post({ headers: { 'content-type': type }, body: '{}' })
      expect([response.status, problemOf(response)['code']]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
      expect(seen).toEqual([])
    },
  )

  test('that say they are too large are refused before they are read', async () => {
    const response = await post({ headers: { ...json, 'content-length': '70000' }, body: 'x'.repeat(70_000) })
    expect([response.status, problemOf(response)['code']]).toEqual([413, 'BODY_TOO_LARGE'])
    expect(seen).toEqual([])
  })

  test('that turn out too large are broken off', async () => {
    const response = await post({ headers: json, body: Array.from({ length: 80 }, () => 'x'.repeat(1_000)) })
    expect([response.status, problemOf(response)['code']]).toEqual([413, 'BODY_TOO_LARGE'])
    expect(seen).toEqual([])
  })

  test('are for those who may send them: a bad token is refused first', async () => {
    const response = await ask(gateway, '/v1/orders', {
      method: 'POST',
      headers: { ...json, authorization: 'Bearer forged' },
      body: '{}',
    })
    expect([response.status, problemOf(response)['code']]).toEqual([401, 'INVALID_TOKEN'])
    expect(seen).toEqual([])
  })
})

describe('a service', () => {
  const upstreamsAt = (url: string) => ({ auth: url, inventory: url, orders: url, payments: url, notifications: url })

  test('that is away is answered 503', async () => {
    const gone = createHttpServer()
    gone.listen(0, '127.0.0.1')
    await once(gone, 'listening')
    const url = `http://127.0.0.1:${portOf(gone)}`
    gone.close()
    const app = await startGateway({ upstreams: upstreamsAt(url) })
    onTestFinished(() => app.close())
    const response = await ask(app, '/v1/products')
    expect([response.status, problemOf(response)['code'], response.headers['retry-after']]).toEqual([
      503,
      'UPSTREAM_UNAVAILABLE',
      '1',
    ])
    expect(response.headers['content-type']).toContain('application/problem+json')
    expect(response.body).not.toContain('127.0.0.1')
  })

  test('that breaks off is answered 502', async () => {
    answer = (incoming) => incoming.socket.destroy()
    const response = await ask(gateway, '/v1/products')
    expect([response.status, problemOf(response)['code'], response.headers['retry-after']]).toEqual([
      502,
      'UPSTREAM_FAILED',
      '1',
    ])
  })

  test('that does not answer is answered 504', async () => {
    const app = await startGateway({ upstreamTimeoutMs: 100 })
    onTestFinished(() => app.close())
    answer = () => undefined
    const response = await ask(app, '/v1/products')
    expect([response.status, problemOf(response)['code'], response.headers['retry-after']]).toEqual([
      504,
      'UPSTREAM_TIMEOUT',
      '1',
    ])
  })

  test('is let finish when the gateway stops', async () => {
    const app = await startGateway()
    let release = () => undefined as void
    const arrived = new Promise<void>((resolve) => {
      answer = (_request, response) => {
        release = () => {
          response.writeHead(200, json).end('{}')
        }
        resolve()
      }
    })
    const response = ask(app, '/v1/products')
    await arrived
    const closed = app.close()
    release()
    expect(await response).toMatchObject({ status: 200, headers: { connection: 'close' } })
    await closed
  })
})

describe('limits', () => {
  test('count a caller by account, whatever the address, and say what is left', async () => {
    const app = await startGateway({ perMinute: 2 })
    onTestFinished(() => app.close())
    const one = await asCustomer()
    const first = await ask(app, '/v1/orders', { headers: one })
    expect(first.headers['ratelimit-policy']).toBe('"caller";q=2;w=60')
    expect(first.headers['ratelimit']).toMatch(/^"caller";r=1;t=\d+$/)
    expect((await ask(app, '/v1/orders', { headers: one })).status).toBe(200)
    const third = await ask(app, '/v1/orders', { headers: one })
    expect([third.status, problemOf(third)['code']]).toEqual([429, 'TOO_MANY_REQUESTS'])
    expect(Number(third.headers['retry-after'])).toBeGreaterThan(0)
    expect((await ask(app, '/v1/orders', { headers: await asCustomer() })).status).toBe(200)
    expect(seen).toHaveLength(3)
  })

  test('count by address without a token, and for every forged one', async () => {
    const app = await startGateway({ perMinute: 2 })
    onTestFinished(() => app.close())
    const forged = (index: number) => ask(app, '/v1/orders', { headers: { authorization: `Bearer forged${index}` } })
    expect([(await forged(1)).status, (await forged(2)).status, (await forged(3)).status]).toEqual([401, 401, 429])
    const spoofed = await ask(app, '/v1/products', { headers: { 'x-forwarded-for': '10.9.8.7' } })
    expect(spoofed.status).toBe(429)
  })

  test('are lower where passwords could be guessed', async () => {
    const app = await startGateway({ signInsPerMinute: 2 })
    onTestFinished(() => app.close())
    const paths = ['/v1/auth/login', '/v1/auth/refresh', '/v1/auth/register']
    const statuses: number[] = []
    for (const path of paths)
      statuses.push((await ask(app, path, { method: 'POST', headers: json, body: '{}' })).status)
    expect(statuses).toEqual([200, 200, 429])
    expect((await ask(app, '/v1/products')).status).toBe(200)
  })
})

describe('a webhook of a payment provider', () => {
  test('goes through byte by byte, with its signature', async () => {
    const app = await startGateway()
    const body = '{ "id" : "evt_1",\r\n\t"amount": 1.50, "text": "\\u20ac €" }\n'
    const headers = {
      'content-type': 'application/json; charset=utf-8',
      'content-length': String(Buffer.byteLength(body)),
    }
    for (const name of ['stripe-signature', 'simulator-signature']) {
      const signed = { ...headers, [name]: 't=1,v1=00' }
      const { status } = await ask(app, '/v1/payments/webhooks/stripe', { method: 'POST', headers: signed, body })
      expect(status).toBe(200)
      expect(seen.at(-1)).toMatchObject({
        body,
        headers: { [name]: 't=1,v1=00', 'content-type': headers['content-type'] },
      })
    }
    await app.close()
  })
})

describe('cookies of a page', () => {
  const csrf = 'the token of the page'.replaceAll(' ', '-')
  const cookies = async (more = `__Host-tradewind-csrf=${csrf}`) => {
    const token = await tokens.accessToken()
    return { token, cookie: `theme=dark; __Host-tradewind-access=${token}; ${more}; __Host-tradewind-refresh=r1` }
  }

  test('become a bearer token, and go no further', async () => {
    const { token, cookie } = await cookies()
    expect((await ask(gateway, '/v1/orders', { headers: { cookie } })).status).toBe(200)
    expect(seen[0]?.headers).toMatchObject({ authorization: `Bearer ${token}` })
    expect(seen[0]?.headers).not.toHaveProperty('cookie')
  })

  test.each<[string, Record<string, string>, number]>([
    ['its token', { 'x-csrf-token': csrf }, 200],
    ['nothing', {}, 403],
    ['an empty token', { 'x-csrf-token': '' }, 403],
    ['another token', { 'x-csrf-token': `${csrf}x` }, 403],
  ])('change something only for a page that shows %s', async (_name, headers, status) => {
    const { cookie } = await cookies()
    const post = { method: 'POST', headers: { ...json, ...headers, cookie, 'idempotency-key': '1' }, body: '{}' }
    const response = await ask(gateway, '/v1/orders', post)
    expect([response.status, problemOf(response)['code']]).toEqual([
      status,
      status === 403 ? 'CSRF_REFUSED' : undefined,
    ])
    expect(seen).toHaveLength(status === 200 ? 1 : 0)
  })

  test('do not vouch for themselves without a token, or with two', async () => {
    for (const more of ['a=b', '__Host-tradewind-csrf=', `__Host-tradewind-csrf=${csrf}; __Host-tradewind-csrf=x`]) {
      const { cookie } = await cookies(more)
      const headers = { ...json, cookie, 'x-csrf-token': csrf }
      expect((await ask(gateway, '/v1/orders', { method: 'POST', headers, body: '{}' })).status).toBe(403)
    }
  })

  test('are not looked at where a bearer token is shown, which needs nothing else', async () => {
    const { cookie } = await cookies()
    const authorization = await tokens.bearer()
    const headers = { ...json, cookie, authorization }
    expect((await ask(gateway, '/v1/orders', { method: 'POST', headers, body: '{}' })).status).toBe(200)
    expect(seen[0]?.headers).toMatchObject({ authorization })
    expect((await ask(gateway, '/v1/orders', { headers: { cookie, authorization: 'Bearer rubbish' } })).status).toBe(
      401,
    )
  })

  test.each(['login', 'mfa/challenge'])('let auth know the device at %s, which proves nothing', async (path) => {
    const { cookie } = await cookies()
    const headers = { ...json, cookie: `${cookie}; __Host-tradewind-device=d1` }
    const { status } = await ask(gateway, `/v1/auth/${path}?cookies=true`, { method: 'POST', headers, body: '{}' })
    expect(status).toBe(200)
    expect(seen[0]?.headers).toMatchObject({ cookie: '__Host-tradewind-device=d1' })
    expect(seen[0]?.headers).not.toHaveProperty('authorization')
  })

  test.each(['refresh', 'logout'])('reach auth for %s, the refresh cookie alone, from the page alone', async (path) => {
    const { cookie } = await cookies()
    const post = (headers: Record<string, string>) =>
      ask(gateway, `/v1/auth/${path}?cookies=true`, {
        method: 'POST',
        headers: { ...json, cookie, ...headers },
        body: '{}',
      })
    expect((await post({})).status).toBe(403)
    expect((await post({ 'x-csrf-token': csrf })).status).toBe(200)
    expect(seen).toHaveLength(1)
    expect(seen[0]?.headers).toMatchObject({ cookie: '__Host-tradewind-refresh=r1' })
    expect(seen[0]?.headers).not.toHaveProperty('authorization')
  })

  test('come from auth as they are set, and redirects with them', async () => {
    const set = ['__Host-tradewind-access=a; Path=/; Secure; HttpOnly', '__Host-tradewind-csrf=c; Path=/; Secure']
    answer = (_request, response) => {
      response.writeHead(303, { 'set-cookie': set, location: 'https://shop.example' }).end()
    }
    const cookie = '__Host-tradewind-browser=b1; __Host-tradewind-access=a'
    const response = await ask(gateway, '/v1/auth/oidc/other/callback?code=c&state=s', { headers: { cookie } })
    expect(response).toMatchObject({ status: 303, headers: { 'set-cookie': set, location: 'https://shop.example' } })
    expect(seen[0]).toMatchObject({ headers: { cookie: '__Host-tradewind-browser=b1' } })
  })
})

describe('API keys', () => {
  const newKey = () => `twk_${randomBytes(32).toString('base64url')}`
  const withKey = (key: string) => ({ headers: { authorization: `Bearer ${key}` } })

  test('are exchanged for an access token, which is all that a service sees, and asked for once', async () => {
    const accessToken = await tokens.accessToken({ scope: ['own:use'] })
    answerForKey = async () => accessToken
    const key = newKey()
    const answers = await Promise.all(Array.from({ length: 20 }, () => ask(gateway, '/v1/orders', withKey(key))))
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([200]))
    expect(asked).toEqual([createHash('sha256').update(key).digest('base64url')])
    expect(new Set(seen.map(({ headers }) => headers.authorization))).toEqual(new Set([`Bearer ${accessToken}`]))
    expect(JSON.stringify(seen.map(({ headers }) => headers))).not.toContain(key)
  })

  test('give no more than their scope', async () => {
    const narrow = await tokens.accessToken({ roles: ['operator'], scope: ['stock:read'] })
    answerForKey = async () => narrow
    const key = newKey()
    expect((await ask(gateway, '/v1/stock?sku=A', withKey(key))).status).toBe(200)
    expect((await ask(gateway, '/v1/orders', withKey(key))).status).toBe(403)
    expect((await ask(gateway, '/v1/auth/api-keys', withKey(key))).status).toBe(403)
  })

  test('that nobody knows are refused, and asked for once while they are tried', async () => {
    const key = newKey()
    for (let times = 0; times < 3; times++) {
      const response = await ask(gateway, '/v1/orders', withKey(key))
      expect([response.status, problemOf(response)['code']]).toEqual([401, 'INVALID_TOKEN'])
    }
    expect([asked.length, seen]).toEqual([1, []])
  })

  test.each([
    'twk_',
    'twk_short',
    `twk_${'a'.repeat(44)}`,
    `twk_${'a'.repeat(42)}!`,
    'TWK_x',
    `twk_${'a'.repeat(5000)}`,
  ])('that cannot be one are not even asked for: %s', async (key) => {
    expect((await ask(gateway, '/v1/orders', withKey(key))).status).toBe(401)
    expect([asked, seen]).toEqual([[], []])
  })

  test('do not reach a service on public routes either', async () => {
    const key = newKey()
    expect((await ask(gateway, '/v1/products', withKey(key))).status).toBe(200)
    expect([asked, seen[0]?.headers.authorization]).toEqual([[], undefined])
  })

  test('are answered 503 while auth is away', async () => {
    answerForKey = () => Promise.reject(QueryUnanswered())
    expect((await ask(gateway, '/v1/orders', withKey(newKey()))).status).toBe(503)
  })

  test('are never logged, whatever becomes of the request', async () => {
    const lines: string[] = []
    const destination = new Writable({
      write(chunk, _encoding, done) {
        lines.push(String(chunk))
        done()
      },
    })
    const app = await startGateway({}, createLogger({ name: 'gateway', level: 'trace', destination }))
    onTestFinished(() => app.close())
    const accessToken = await tokens.accessToken()
    const answers = [async () => accessToken, async () => null, () => Promise.reject(QueryUnanswered())]
    for (const answered of answers) {
      answerForKey = answered
      const key = newKey()
      await ask(app, '/v1/orders', withKey(key))
      expect(lines.join('')).not.toContain(key.slice(4))
    }
    expect(lines.join('')).toContain('MESSAGING_QUERY_UNANSWERED')
  })

  test('are believed for thirty seconds at most', async () => {
    const clock = { now: 0 }
    let answers = 0
    const exchange = createApiKeyExchange(
      async () => String(++answers),
      () => clock.now,
    )
    const authorization = `Bearer ${newKey()}`
    clock.now = 29_999
    expect([await exchange(authorization), await exchange(authorization)]).toEqual(['Bearer 1', 'Bearer 1'])
    clock.now += 30_000
    expect(await exchange(authorization)).toBe('Bearer 2')
  })
})

describe('documentation', () => {
  test('is pointed to from the root', async () => {
    const response = await ask(gateway, '/')
    expect(JSON.parse(response.body)).toMatchObject({ documentation: '/docs', openapi: '/openapi.json' })
  })

  test('describes the routes, and is not sent twice', async () => {
    const response = await ask(gateway, '/openapi.json')
    expect(JSON.parse(response.body)).toMatchObject({ openapi: '3.1.0', paths: { '/v1/orders': expect.any(Object) } })
    const again = await ask(gateway, '/openapi.json', { headers: { 'if-none-match': response.headers.etag ?? '' } })
    expect([again.status, again.body]).toEqual([304, ''])
  })

  test('has a page whose scripts the content security policy allows', async () => {
    const page = await ask(gateway, '/docs')
    expect(page.status).toBe(200)
    expect(page.headers['content-type']).toContain('text/html')
    expect(page.headers['content-security-policy']).toContain("default-src 'self'")
    expect(page.headers['content-security-policy']).not.toContain('upgrade-insecure-requests')
    expect(page.body).not.toMatch(/<script(?![^>]*\bsrc=)[^>]*>/)
    const scripts = [...page.body.matchAll(/<script[^>]* src="([^"]+)"/g)].map(([, source = '']) => source)
    expect(scripts.length).toBeGreaterThan(1)
    for (const source of scripts) {
      const script = await ask(gateway, new URL(source, 'http://gateway/docs').pathname)
      expect([source, script.status]).toEqual([source, 200])
      expect(script.headers['content-type']).toContain('javascript')
    }
    const initializer = await ask(gateway, '/docs/static/swagger-initializer.js')
    expect(initializer.body).toContain('/openapi.json')
  })
})

test.each([
  ['two lengths', 'Content-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
  ['a length and chunks', 'Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
  ['chunks that are not', 'Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n'],
])('smuggling with %s ends at the gateway', async (_name, rest) => {
  const socket = connect(portOf(gateway.server), '127.0.0.1')
  let text = ''
  socket.on('data', (chunk) => {
    text += String(chunk)
  })
  socket.write(`POST /v1/auth/login HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n${rest}`)
  await once(socket, 'close')
  expect(text).toMatch(/^HTTP\/1\.1 400 /)
  expect(seen).toEqual([])
})
