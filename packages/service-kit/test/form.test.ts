import { defineRoute } from '@tradewind/contracts/route'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { defineError } from '../src/errors.ts'
import { createLogger } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import { implementRoute } from '../src/route.ts'
import { createServer } from '../src/server.ts'
import { createTestTokens } from '../src/testing.ts'

const InvalidGrant = defineError('OAUTH_INVALID_GRANT', 'invalid', 'The "grant" is not good.')
const InvalidClient = defineError('OAUTH_INVALID_CLIENT', 'unauthenticated', 'The client is not who it says.')

const give = defineRoute('auth', 'POST', '/give', 'public', {
  summary: 'Gives',
  form: true,
  body: Type.Object(
    { kind: Type.String({ maxLength: 20 }), more: Type.Optional(Type.String({ maxLength: 20 })) },
    { additionalProperties: false },
  ),
  response: { 200: Type.Object({ kind: Type.String(), more: Type.Optional(Type.String()) }) },
})

let app: FastifyInstance
beforeAll(async () => {
  app = createServer({
    service: 'auth',
    logger: createLogger({ name: 'auth', level: 'silent' }),
    metrics: createMetrics('auth'),
    tokens: createTestTokens().verifier,
    routes: [
      implementRoute(give, ({ body }) => {
        if (body.kind === 'grant') throw InvalidGrant()
        if (body.kind === 'client') throw InvalidClient()
        if (body.kind === 'fault') throw new Error('the password is hunter2')
        return { status: 200, body }
      }),
    ],
  })
  await app.ready()
})
afterAll(() => app.close())

async function post(payload: string | Buffer, type = 'application/x-www-form-urlencoded') {
  const response = await app.inject({ method: 'POST', url: '/give', payload, headers: { 'content-type': type } })
  return { status: response.statusCode, body: response.json(), headers: response.headers }
}

test('a form is taken apart, and an empty parameter counts as left out', async () => {
  expect(await post('kind=a%20b+c&more=')).toMatchObject({ status: 200, body: { kind: 'a b c' } })
  expect(await post('kind=a', 'application/x-www-form-urlencoded; charset=utf-8')).toMatchObject({ status: 200 })
})

test.each([
  ['a parameter twice', 'kind=a&kind=b'],
  ['one that nobody named', 'kind=a&role=admin'],
  ['a prototype', 'kind=a&__proto__=b'],
  ['one that is missing', 'more=a'],
  ['nothing', ''],
  ['too many', `kind=a&${Array.from({ length: 40 }, (_, index) => `p${index}=1`).join('&')}`],
  ['what is no text', Buffer.from([0x6b, 0x3d, 0xff])],
  ['one that is too long', `kind=${'a'.repeat(21)}`],
])('%s is an invalid request', async (_name, payload) => {
  const { status, body, headers } = await post(payload)
  expect([status, body.error]).toEqual([400, 'invalid_request'])
  expect(Object.keys(body)).toEqual(['error', 'error_description'])
  expect(body.error_description).toMatch(/^[\x20-\x21\x23-\x5b\x5d-\x7e]+$/)
  expect(headers).toMatchObject({ 'cache-control': 'no-store', 'content-type': 'application/json; charset=utf-8' })
})

test('other bodies are not taken', async () => {
  for (const type of ['application/json', 'text/plain', 'multipart/form-data; boundary=x'])
    expect((await post('{"kind":"a"}', type)).status).toBe(415)
})

test('errors have the names of OAuth, and a client that is not known is told how to prove itself', async () => {
  expect(await post('kind=grant')).toMatchObject({
    status: 400,
    body: { error: 'invalid_grant', error_description: "The 'grant' is not good." },
  })
  expect(await post('kind=client')).toMatchObject({
    status: 401,
    body: { error: 'invalid_client' },
    headers: { 'www-authenticate': 'Basic realm="oauth"' },
  })
  const fault = await post('kind=fault')
  expect([fault.status, JSON.stringify(fault.body).includes('hunter2')]).toEqual([500, false])
})
