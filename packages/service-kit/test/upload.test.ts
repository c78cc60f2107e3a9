import { buffer } from 'node:stream/consumers'
import { Binary, Strict } from '@tradewind/contracts/common'
import { defineRoute } from '@tradewind/contracts/route'
import type { FastifyInstance } from 'fastify'
import { Type } from 'typebox'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { createLogger } from '../src/log.ts'
import { createMetrics } from '../src/metrics.ts'
import { implementRoute } from '../src/route.ts'
import { createServer } from '../src/server.ts'
import { createTestTokens } from '../src/testing.ts'

const Received = Type.Object({ bytes: Type.Integer(), mediaType: Type.String() })
const maxBytes = 100_000
const postPicture = defineRoute('inventory', 'POST', '/v1/pictures', 'catalogue:write', {
  summary: 'Takes a picture',
  upload: { mediaTypes: ['multipart/form-data'], maxBytes },
  response: { 201: Received },
})
const postRows = defineRoute('inventory', 'POST', '/v1/rows', 'public', {
  summary: 'Takes rows',
  querystring: Strict({ name: Type.Optional(Type.String()) }),
  upload: { mediaTypes: ['text/csv', 'application/x-ndjson'], maxBytes },
  response: { 201: Received },
})
const getPicture = defineRoute('inventory', 'GET', '/v1/pictures', 'public', {
  summary: 'Gives a picture',
  response: { 200: Binary },
})
const json = defineRoute('inventory', 'POST', '/v1/json', 'public', {
  summary: 'Takes JSON',
  body: Strict({ a: Type.Optional(Type.Integer()) }),
  response: { 204: Type.Null() },
})

const tokens = createTestTokens()
let app: FastifyInstance
let origin: string
beforeAll(async () => {
  app = createServer({
    service: 'pictures',
    logger: createLogger({ name: 'pictures', level: 'silent' }),
    metrics: createMetrics('pictures'),
    tokens: tokens.verifier,
    routes: [
      implementRoute(postPicture, async ({ upload }) => {
        const { length: bytes } = await buffer(upload.stream)
        return { status: 201, body: { bytes, mediaType: upload.mediaType } }
      }),
      implementRoute(postRows, async ({ upload }) => {
        const { length: bytes } = await buffer(upload.stream)
        return { status: 201, body: { bytes, mediaType: upload.mediaType } }
      }),
      implementRoute(getPicture, () => ({
        status: 200,
        body: parts(),
        headers: { 'content-type': 'image/png' },
      })),
      implementRoute(json, () => ({ status: 204, body: null })),
    ],
  })
  origin = await app.listen({ host: '127.0.0.1', port: 0 })
})
afterAll(() => app.close())

async function* parts(): AsyncGenerator<Uint8Array> {
  yield Buffer.from('one ')
  yield Buffer.from('two')
}

const form = (bytes: number, field = 'file') => {
  const data = new FormData()
  data.append(field, new Blob([new Uint8Array(bytes)], { type: 'image/png' }), 'a.png')
  return data
}

async function post(path: string, body: string | FormData, headers: Record<string, string> = {}) {
  const authorization = await tokens.bearer({ roles: ['operator'] })
  const response = await fetch(origin + path, { method: 'POST', body, headers: { authorization, ...headers } })
  return { status: response.status, body: await response.json() }
}

describe('an upload', () => {
  test('arrives as the part of a form', async () => {
    const answer = await post('/v1/pictures', form(maxBytes))
    expect(answer).toEqual({ status: 201, body: { bytes: maxBytes, mediaType: 'image/png' } })
  })

  test('arrives as a plain body', async () => {
    const answer = await post('/v1/rows', 'a,b\n1,2\n', { 'content-type': 'text/csv; charset=utf-8' })
    expect(answer).toEqual({ status: 201, body: { bytes: 8, mediaType: 'text/csv' } })
  })

  test.each([
    ['/v1/pictures', form(maxBytes + 1), {}],
    ['/v1/rows', 'x'.repeat(maxBytes + 1), { 'content-type': 'text/csv' }],
  ])('of one byte too many to %s is refused', async (path, body, headers) => {
    expect(await post(path, body, headers)).toMatchObject({ status: 413, body: { code: 'BODY_TOO_LARGE' } })
  })

  const head = '--x\r\ncontent-disposition: form-data; name="file"; filename="a.png"\r\n\r\n'
  test.each([
    ['without a boundary', 'multipart/form-data', 'ab'],
    ['that does not begin with its boundary', 'multipart/form-data; boundary=x', 'nothing of the kind'],
    ['that ends in the middle of a file', 'multipart/form-data; boundary=x', `${head}half of it`],
    ['that is empty', 'multipart/form-data; boundary=x', ''],
  ])('in a form %s is refused', async (_what, type, body) => {
    expect(await post('/v1/pictures', body, { 'content-type': type })).toMatchObject({ status: 400 })
  })

  test('without the part named file is refused and named', async () => {
    const answer = await post('/v1/pictures', form(10, 'other'))
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/file' }] } })
  })

  test.each([
    ['/v1/rows', 'application/json'],
    ['/v1/pictures', 'image/png'],
    ['/v1/json', 'text/csv'],
    ['/v1/json', 'multipart/form-data; boundary=x'],
  ])('to %s of type %s is refused', async (path, type) => {
    expect(await post(path, 'x', { 'content-type': type })).toMatchObject({ status: 415 })
  })

  test('that has no body is refused', async () => {
    for (const path of ['/v1/pictures', '/v1/rows']) {
      const authorization = await tokens.bearer({ roles: ['operator'] })
      const response = await fetch(origin + path, { method: 'POST', headers: { authorization } })
      expect([path, response.status]).toEqual([path, 400])
    }
  })

  test('needs the rights of its route before anything is read', async () => {
    const response = await fetch(`${origin}/v1/pictures`, { method: 'POST', body: form(10) })
    expect(response.status).toBe(401)
  })

  test('is checked beside its other inputs', async () => {
    const answer = await post('/v1/rows?name=1&other=2', 'x', { 'content-type': 'text/csv' })
    expect(answer).toMatchObject({ status: 400, body: { errors: [{ pointer: '/query/other' }] } })
  })
})

test('a stream is answered as it is', async () => {
  const response = await fetch(`${origin}/v1/pictures`)
  expect([response.headers.get('content-type'), await response.text()]).toEqual(['image/png', 'one two'])
})
