import { once } from 'node:events'
import { createServer, type IncomingHttpHeaders, type OutgoingHttpHeaders, type Server } from 'node:http'
import { eventually } from '@tradewind/testkit/eventually'
import { type FastifyInstance, fastify } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { createSharedAnswers, isPlainPath } from '../src/http/shared-answers.ts'

interface Seen {
  readonly url: string
  readonly headers: IncomingHttpHeaders
}

let service: Server
let gateway: FastifyInstance
let seen: Seen[]
let answer: { status: number; headers: OutgoingHttpHeaders; body: string; after: Promise<void> }

beforeEach(async () => {
  seen = []
  answer = {
    status: 200,
    headers: { 'cache-control': 'public, max-age=60, stale-while-revalidate=60', etag: '"1"' },
    body: 'first',
    after: Promise.resolve(),
  }
  service = createServer(({ url = '', headers }, response) => {
    seen.push({ url, headers })
    const { status, headers: said, body, after } = answer
    void after.then(() => response.writeHead(status, said).end(body))
  }).listen(0, '127.0.0.1')
  await once(service, 'listening')
  const address = service.address()
  const upstream = `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`
  gateway = fastify()
  gateway.decorateRequest('trace')
  gateway.addHook('onRequest', async (request) => {
    request.trace = { traceparent: '00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01', requestId: request.id }
  })
  const answerShared = createSharedAnswers({
    upstreams: { auth: upstream, inventory: upstream, orders: upstream, payments: upstream, notifications: upstream },
    upstreamTimeoutMs: 2000,
  })
  gateway.get('/*', (request, reply) => answerShared('inventory', request, reply))
})
afterEach(async () => {
  await gateway.close()
  service.closeAllConnections()
  service.close()
})

const ask = async (url: string, headers: Record<string, string> = {}) => {
  const { statusCode, body, headers: said } = await gateway.inject({ url, headers })
  return { status: statusCode, body, age: said['age'], etag: said.etag }
}

test('an answer is kept for as long as it says', async () => {
  expect(await ask('/v1/products')).toMatchObject({ status: 200, body: 'first', age: '0' })
  answer.body = 'second'
  expect(await ask('/v1/products')).toMatchObject({ status: 200, body: 'first' })
  expect(await ask('/v1/products?limit=1')).toMatchObject({ body: 'second' })
  expect(seen.map(({ url }) => url)).toEqual(['/v1/products', '/v1/products?limit=1'])
})

test('requests that come at once cost the service one', async () => {
  const gate = Promise.withResolvers<void>()
  answer.after = gate.promise
  const asked = Promise.all(Array.from({ length: 20 }, () => ask('/v1/products')))
  await eventually(() => seen.length === 1)
  gate.resolve()
  expect((await asked).map(({ body }) => body)).toEqual(Array.from({ length: 20 }, () => 'first'))
  expect(seen).toHaveLength(1)
})

test('an old answer is given once more while a new one is fetched', async () => {
  answer.headers = { 'cache-control': 'public, max-age=0, stale-while-revalidate=60' }
  await ask('/v1/products')
  answer.body = 'second'
  const bodies: string[] = []
  await eventually(async () => bodies.push((await ask('/v1/products')).body) > 0 && bodies.at(-1) === 'second')
  expect(bodies[0]).toBe('first')
})

test.each([
  ['private, no-cache', 200],
  ['no-store', 200],
  ['public, max-age=0', 200],
  ['', 200],
  ['public, max-age=60', 404],
  ['public, max-age=60', 500],
])('what says “%s” with status %i is not kept', async (control, status) => {
  answer = { ...answer, status, headers: control === '' ? {} : { 'cache-control': control } }
  expect(await ask('/v1/products')).toMatchObject({ status, body: 'first' })
  answer.body = 'second'
  expect(await ask('/v1/products')).toMatchObject({ status, body: 'second' })
})

test('a condition is judged here, and nothing of who asks goes on', async () => {
  const headers = { 'if-none-match': '"1"', authorization: 'Bearer a', cookie: 'session=1', range: 'bytes=0-1' }
  expect(await ask('/v1/products', headers)).toEqual({ status: 304, body: '', age: '0', etag: '"1"' })
  expect(await ask('/v1/products', { 'if-none-match': '"2"' })).toMatchObject({ status: 200, body: 'first' })
  const went = seen[0]?.headers ?? {}
  expect(Object.keys(headers).filter((name) => name in went)).toEqual([])
})

test('whoever asks for a new one gets a new one, and others from then on', async () => {
  await ask('/v1/products')
  answer.body = 'second'
  expect(await ask('/v1/products', { 'cache-control': 'no-cache' })).toMatchObject({ body: 'second' })
  expect(await ask('/v1/products')).toMatchObject({ body: 'second' })
})

test('a service that is away is answered 503, unless an old answer may still be given', async () => {
  answer.headers = { 'cache-control': 'public, max-age=0, stale-while-revalidate=60' }
  await ask('/v1/products')
  service.closeAllConnections()
  service.close()
  await once(service, 'close')
  expect(await ask('/v1/products')).toMatchObject({ status: 200, body: 'first' })
  expect((await ask('/v1/categories')).status).toBe(503)
})

test('a path with dots or escapes is not plain', () => {
  const isPlain = (url: string) => isPlainPath({ url })
  expect(['/v1/products', '/v1/products/prd_1?limit=%20..'].map(isPlain)).toEqual([true, true])
  expect(['/v1/products/..%2f..', '/v1/../x', '/v1/products/.', '/v1/%70roducts'].map(isPlain)).toEqual([
    false,
    false,
    false,
    false,
  ])
})
