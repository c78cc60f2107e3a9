import { connect } from 'node:net'
import { Writable } from 'node:stream'
import { defineRoute } from '@tradewind/contracts/route'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { may } from '../src/access.ts'
import { defineError } from '../src/errors.ts'
import { createLogger } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import { implementRoute } from '../src/route.ts'
import { createServer } from '../src/server.ts'
import { createTestTokens } from '../src/testing.ts'
import { currentTraceparent } from '../src/trace.ts'

const strict = { additionalProperties: false }
const ThingTaken = defineError('THINGS_TAKEN', 'conflict', 'Somebody has it already.')
const Full = defineError('THINGS_FULL', 'unavailable', 'Come back later.')
const Busy = defineError('THINGS_BUSY', 'unavailable', 'Come back later.')

const createThing = defineRoute('orders', 'POST', '/v1/things/:id', 'user', {
  summary: 'Creates a thing',
  params: Type.Object({ id: Type.String({ pattern: '^thg_[0-9]+$' }) }, strict),
  querystring: Type.Object({ limit: Type.Optional(Type.String({ pattern: '^[0-9]+$' })) }, strict),
  headers: Type.Object({ 'idempotency-key': Type.String({ minLength: 1, maxLength: 10 }) }),
  body: Type.Object(
    {
      name: Type.String({ minLength: 1, maxLength: 20 }),
      quantity: Type.Integer({ minimum: 1 }),
      gift: Type.Optional(Type.Boolean()),
      lines: Type.Optional(
        Type.Array(Type.Object({ sku: Type.String(), 'a/b': Type.Optional(Type.Integer()) }, strict), { maxItems: 3 }),
      ),
    },
    strict,
  ),
  response: { 201: Type.Object({ name: Type.String(), by: Type.String() }), 204: Type.Null() },
})
const readThings = defineRoute('orders', 'GET', '/v1/things', 'public', {
  summary: 'Things',
  response: { 200: Type.Object({ traceparent: Type.String() }) },
})
const adminThings = defineRoute('orders', 'GET', '/v1/admin', 'stock:write', {
  summary: 'For those with a permission',
  response: { 200: Type.Object({ ok: Type.Boolean() }) },
})
const fail = defineRoute('orders', 'GET', '/v1/fail/:how', 'public', {
  summary: 'Fails',
  params: Type.Object({ how: Type.String() }),
  response: { 200: Type.Object({ ok: Type.Boolean() }) },
})

class ConnectionLost extends Error {}

const tokens = createTestTokens()
const lines: string[] = []
const destination = new Writable({
  write(chunk, _encoding, done) {
    lines.push(String(chunk))
    done()
  },
})
let handled = 0
let app: FastifyInstance

beforeAll(async () => {
  app = createServer({
    service: 'things',
    logger: createLogger({ name: 'things', level: 'info', destination }),
    metrics: createMetrics('things'),
    tokens: tokens.verifier,
    isUnavailable: (error) => error instanceof ConnectionLost,
    routes: [
      implementRoute(createThing, ({ body, caller, query }) => {
        handled++
        if (query.limit === '204') return { status: 204, body: null }
        const surplus = { name: body.name, by: caller.userId, passwordHash: 'never shown' }
        return { status: 201, body: surplus, headers: { location: '/v1/things/1' } }
      }),
      implementRoute(readThings, () => ({ status: 200, body: { traceparent: currentTraceparent() ?? '' } })),
      implementRoute(adminThings, ({ caller }) => ({ status: 200, body: { ok: may(caller, 'stock:write') } })),
      implementRoute(fail, ({ params }) => {
        if (params.how === 'taken') throw ThingTaken({ secretId: 'hidden' })
        if (params.how === 'gone') throw new ConnectionLost('connection to 10.0.0.1 lost')
        if (params.how === 'busy') throw Busy({ retryAfterSeconds: 7 })
        if (params.how === 'full') throw Full()
        throw new Error('the database password is hunter2', { cause: new Error('deep cause') })
      }),
    ],
  })
  await app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => app.close())

const good = { name: 'kite', quantity: 2 }

async function post(payload: unknown, options: { headers?: Record<string, string>; url?: string } = {}) {
  return app.inject({
    method: 'POST',
    url: options.url ?? '/v1/things/thg_1',
    headers: {
      authorization: await tokens.bearer(),
      'content-type': 'application/json',
      'idempotency-key': 'k1',
      ...options.headers,
    },
    payload: typeof payload === 'string' || Buffer.isBuffer(payload) ? payload : JSON.stringify(payload),
  })
}

describe('a good request', () => {
  test('reaches the handler, and the answer holds nothing but what the contract names', async () => {
    const userId = 'usr_1'
    const response = await post(good, { headers: { authorization: await tokens.bearer({ userId }) } })
    expect(response.statusCode).toBe(201)
    expect(response.json()).toEqual({ name: 'kite', by: userId })
    expect(response.headers['location']).toBe('/v1/things/1')
  })

  test('is answered without a body where the contract says null', async () => {
    const response = await post(good, { url: '/v1/things/thg_1?limit=204' })
    expect([response.statusCode, response.body]).toEqual([204, ''])
  })
})

describe('input that the contract does not allow', () => {
  const faults: [string, unknown, string[]][] = [
    ['a missing field', { quantity: 1 }, ['/name']],
    ['an unknown field', { ...good, role: 'operator' }, ['/role']],
    ['a number as text', { ...good, quantity: '2' }, ['/quantity']],
    ['null for a number', { ...good, quantity: null }, ['/quantity']],
    ['true for a number', { ...good, quantity: true }, ['/quantity']],
    ['an array for a number', { ...good, quantity: [3] }, ['/quantity']],
    ['a fraction', { ...good, quantity: 1.5 }, ['/quantity']],
    ['a number for text', { ...good, name: 3 }, ['/name']],
    ['text for a boolean', { ...good, gift: 'true' }, ['/gift']],
    ['a query operator for text', { ...good, name: { gt: '' } }, ['/name']],
    [
      'a fault inside a list',
      { ...good, lines: [{ sku: 'a' }, { sku: 1, 'a/b': 'x' }] },
      ['/lines/1/sku', '/lines/1/a~1b'],
    ],
    ['several faults', { quantity: 0, x: 1 }, ['/name', '/x', '/quantity']],
    ['an array for the body', [good], ['']],
    ['null for the body', null, ['']],
    ['text for the body', '"kite"', ['']],
  ]
  test.each(faults)('is refused with a pointer to each fault: %s', async (_name, payload, pointers) => {
    const before = handled
    const response = await post(payload)
    expect(response.statusCode).toBe(400)
    expect(response.headers['content-type']).toContain('application/problem+json')
    const problem = response.json()
    expect(problem).toMatchObject({
      status: 400,
      code: 'INVALID_INPUT',
      title: 'Bad Request',
      instance: '/v1/things/thg_1',
    })
    expect(problem.errors.map((fault: { pointer: string }) => fault.pointer).toSorted()).toEqual(pointers.toSorted())
    expect(handled).toBe(before)
  })

  test('is pointed at in query, path and headers too', async () => {
    const response = await post(good, {
      url: '/v1/things/nothing?limit=x&a[$ne]=1',
      headers: { 'idempotency-key': 'far too long a key' },
    })
    expect(response.statusCode).toBe(400)
    const pointers = response.json().errors.map((fault: { pointer: string }) => fault.pointer)
    expect(pointers).toEqual(['/params/id', '/query/a[$ne]', '/query/limit', '/headers/idempotency-key'])
  })

  test('includes a body or a query where the contract names none', async () => {
    const response = await app.inject({ url: '/v1/things?debug=1' })
    expect([response.statusCode, response.json().errors[0].pointer]).toEqual([400, '/query/debug'])
  })
})

const nested = (levels: number) => `{"name":${'['.repeat(levels)}${']'.repeat(levels)}}`

describe('a hostile body', () => {
  test.each([
    ['malformed JSON', '{"name":', 400, 'MALFORMED_JSON'],
    ['an empty body', '', 400, 'MALFORMED_JSON'],
    ['bytes that are not UTF-8', Buffer.from([0x22, 0xff, 0x22]), 400, 'MALFORMED_JSON'],
    ['too deep', nested(40), 400, 'BODY_TOO_DEEP'],
    ['far too deep', nested(30_000), 400, 'BODY_TOO_DEEP'],
    ['too large', JSON.stringify({ name: 'x'.repeat(70_000) }), 413, 'BODY_TOO_LARGE'],
    ['a __proto__ key', '{"name":"a","quantity":1,"__proto__":{"x":1}}', 400, 'FORBIDDEN_KEY'],
    ['a constructor key', '{"lines":[{"constructor":{"prototype":{"x":1}}}]}', 400, 'FORBIDDEN_KEY'],
    ['an escaped __proto__ key', '{"\\u005f_proto__":1}', 400, 'FORBIDDEN_KEY'],
    ['an operator key', '{"name":{"$gt":""}}', 400, 'FORBIDDEN_KEY'],
  ])('is refused: %s', async (_name, payload, status, code) => {
    const response = await post(payload)
    expect([response.statusCode, response.json().code]).toEqual([status, code])
    expect(Object.prototype).not.toHaveProperty('x')
  })

  test.each([
    'text/plain',
    'application/xml',
    'application/jsonp',
    'text/plain; a=application/json',
    'application/json; charset=utf-16',
    'application/json, text/plain',
    'multipart/form-data; boundary=x',
  ])('is refused as media type %s', async (type) => {
    const response = await post(good, { headers: { 'content-type': type } })
    expect([response.statusCode, response.json().code]).toEqual([415, 'UNSUPPORTED_MEDIA_TYPE'])
  })

  test('may say its charset', async () => {
    const response = await post(good, { headers: { 'content-type': 'application/json; charset=utf-8' } })
    expect(response.statusCode).toBe(201)
  })
})

const as = async (roles: string[], scope?: string[]) => {
  const response = await app.inject({
    url: '/v1/admin',
    headers: { authorization: await tokens.bearer({ roles, ...(scope && { scope }) }) },
  })
  return response.statusCode
}

describe('access', () => {
  test('to what is one’s own is for those who signed in, and for keys and apps that were given it', async () => {
    const asUser = async (options: { scope?: string[]; roles?: string[] }) =>
      (await post(good, { headers: { authorization: await tokens.bearer(options) } })).statusCode
    expect(await asUser({})).toBe(201)
    expect(await asUser({ scope: ['own:use'] })).toBe(201)
    expect(await asUser({ scope: ['stock:write'], roles: ['operator'] })).toBe(403)
    expect(await asUser({ scope: [] })).toBe(403)
    expect(await asUser({ scope: ['own:use', 'account:manage'], roles: ['machine'] })).toBe(403)
  })

  test('needs a token where the contract says so, before the body is looked at', async () => {
    const response = await app.inject({
      method: 'POST',
      url: '/v1/things/thg_1',
      payload: '{',
      headers: { 'content-type': 'application/json' },
    })
    expect([response.statusCode, response.json().code]).toEqual([401, 'UNAUTHENTICATED'])
    expect(response.headers['www-authenticate']).toBe('Bearer')
  })

  test.each(['Bearer rubbish', 'Basic YTpi', 'Bearer', 'Bearer a b'])('is not given by %s', async (authorization) => {
    const response = await post(good, { headers: { authorization } })
    expect([response.statusCode, response.json().code]).toEqual([401, 'INVALID_TOKEN'])
    expect(response.headers['www-authenticate']).toBe('Bearer error="invalid_token"')
  })

  test('to a route that asks for a permission is for those whose role or scope gives it', async () => {
    expect(await as(['customer'])).toBe(403)
    expect(await as(['support'])).toBe(403)
    expect(await as(['admin'])).toBe(200)
    expect(await as(['operator'], ['stock:read'])).toBe(403)
    expect(await as(['operator'], ['stock:read', 'stock:write'])).toBe(200)
    expect(await as(['customer'], ['stock:write'])).toBe(403)
    expect(await as(['machine'])).toBe(403)
    expect(await as(['machine'], ['stock:write'])).toBe(200)
    expect(await as(['__proto__', 'constructor'], ['toString'])).toBe(403)
    expect(await as([])).toBe(403)
    expect(await as(['operator'])).toBe(200)
  })
})

describe('an error', () => {
  test('that is expected is answered with its code and nothing of its details', async () => {
    const response = await app.inject({ url: '/v1/fail/taken?x' })
    expect(response.statusCode).toBe(400)
    const taken = await app.inject({ url: '/v1/fail/taken' })
    expect(taken.statusCode).toBe(409)
    expect(taken.json()).toEqual({
      type: 'urn:problem:tradewind:things-taken',
      title: 'Conflict',
      status: 409,
      detail: 'Somebody has it already.',
      instance: '/v1/fail/taken',
      code: 'THINGS_TAKEN',
    })
  })

  test('that passes says when to come back', async () => {
    const response = await app.inject({ url: '/v1/fail/busy' })
    expect([response.statusCode, response.headers['retry-after']]).toEqual([503, '7'])
  })

  test('that is a refusal is logged without a stack, in one line for many', async () => {
    lines.length = 0
    const answers = await Promise.all(Array.from({ length: 50 }, () => app.inject({ url: '/v1/fail/full' })))
    expect(answers.map(({ statusCode }) => statusCode)).toEqual(Array.from({ length: 50 }, () => 503))
    expect(lines.length).toBeLessThan(10)
    const [line = ''] = lines
    expect(JSON.parse(line)).toMatchObject({ level: 'warn', code: 'THINGS_FULL', path: '/v1/fail/full', count: 1 })
    expect(line).not.toContain('server.test.ts')
  })

  test('of a dependency that is away is answered 503 and names nothing internal', async () => {
    const response = await app.inject({ url: '/v1/fail/gone' })
    expect([response.statusCode, response.json().code, response.headers['retry-after']]).toEqual([
      503,
      'UNAVAILABLE',
      '1',
    ])
    expect(response.body).not.toContain('10.0.0.1')
  })

  test('that is unexpected shows nothing internal and is logged once with its cause', async () => {
    lines.length = 0
    const response = await app.inject({ url: '/v1/fail/hard', headers: { 'x-request-id': 'req-1' } })
    expect(response.statusCode).toBe(500)
    expect(response.json()).toMatchObject({ code: 'INTERNAL' })
    expect(response.body).not.toContain('hunter2')
    expect(lines).toHaveLength(1)
    expect(JSON.parse(lines[0] ?? '')).toMatchObject({ level: 'error', requestId: 'req-1', err: { type: 'Error' } })
    expect(lines[0]).toContain('deep cause')
  })

  test.each([
    ['an unknown path', 'GET', '/nothing', 404],
    ['a method the path does not have', 'DELETE', '/v1/things', 404],
    ['a path that is not validly encoded', 'GET', '/v1/fail/%E0%A4%A', 400],
  ] as const)('is a problem for %s', async (_name, method, url, status) => {
    const response = await app.inject({ method, url })
    expect(response.statusCode).toBe(status)
    expect(response.headers['content-type']).toContain('application/problem+json')
    expect(response.json()).toMatchObject({ status, instance: url })
    expect(response.headers['x-request-id']).toEqual(expect.any(String))
  })
})

const idFor = async (id: string) =>
  (await app.inject({ url: '/v1/things', headers: { 'x-request-id': id } })).headers['x-request-id']

describe('tracing', () => {
  test('continues the trace of the caller with a span of its own', async () => {
    const traceparent = '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01'
    const response = await app.inject({ url: '/v1/things', headers: { traceparent } })
    const own = response.json().traceparent
    expect(own).toMatch(/^00-4bf92f3577b34da6a3ce929d0e0e4736-[0-9a-f]{16}-01$/)
    expect(own).not.toBe(traceparent)
  })

  test.each(['', 'rubbish', '00-00000000000000000000000000000000-00f067aa0ba902b7-01'])(
    'starts a trace when the header is %j',
    async (traceparent) => {
      const response = await app.inject({ url: '/v1/things', headers: { traceparent } })
      expect(response.json().traceparent).toMatch(/^00-(?!0{32})[0-9a-f]{32}-[0-9a-f]{16}-01$/)
    },
  )

  test('echoes a sane request id and replaces any other', async () => {
    expect(await idFor('abc-1')).toBe('abc-1')
    expect(await idFor('a b<script>')).toMatch(/^[0-9a-f-]{36}$/)
  })
})

const exchange = (text: string): Promise<string> =>
  new Promise((resolve, reject) => {
    const address = app.server.address()
    if (address === null || typeof address === 'string') throw new Error('no port')
    const socket = connect(address.port, '127.0.0.1', () => socket.end(text))
    let answer = ''
    socket.on('data', (chunk) => {
      answer += String(chunk)
    })
    socket.on('close', () => resolve(answer))
    socket.on('error', reject)
  })

describe('on the socket', () => {
  test.each([
    ['no host', 'GET /v1/things HTTP/1.1\r\n\r\n'],
    ['two lengths', 'POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab'],
    [
      'a length and chunks',
      'POST /v1/things HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n',
    ],
    ['a bare line feed', 'GET /v1/things HTTP/1.1\nHost: a\n\n'],
  ])('refuses %s', async (_name, text) => {
    expect(await exchange(text)).toMatch(/^HTTP\/1\.1 400 /)
  })
})
