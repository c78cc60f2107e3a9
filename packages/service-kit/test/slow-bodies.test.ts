import { once } from 'node:events'
import { connect, type Socket } from 'node:net'
import { type FastifyInstance, fastify } from 'fastify'
import { afterEach, beforeEach, expect, test } from 'vitest'
import { endSlowBodies } from '../src/slow-bodies.ts'

const bodyMs = 150

let app: FastifyInstance
let refused: string[]
const sockets: Socket[] = []

beforeEach(async () => {
  refused = []
  app = fastify()
  endSlowBodies(
    app,
    ({ url = '', socket }) => {
      refused.push(url)
      socket.destroy()
    },
    bodyMs,
  )
  app.post('/order', () => ({ ok: true }))
  const config = { isUpload: true }
  app.post('/upload', { config }, () => ({ ok: true }))
  app.post('/upload-of-others', { config, onRequest: async (_request, reply) => await reply.code(401).send() }, () => ({
    ok: true,
  }))
  await app.listen({ host: '127.0.0.1', port: 0 })
})
afterEach(async () => {
  for (const socket of sockets.splice(0)) socket.destroy()
  await app.close()
})

/** Sends the head of a request and the beginning of its body. */
async function begin(path: string) {
  const address = app.server.address()
  const socket = connect(typeof address === 'object' ? (address?.port ?? 0) : 0, '127.0.0.1')
  sockets.push(socket)
  let said = ''
  socket.setEncoding('utf8').on('data', (text: string) => (said += text))
  await once(socket, 'connect')
  socket.write(`POST ${path} HTTP/1.1\r\nhost: a\r\ncontent-type: application/json\r\ncontent-length: 8\r\n\r\n{"a"`)
  return { socket, said: () => said }
}

test('a body that does not come ends the connection, and an upload is given more time', async () => {
  const upload = await begin('/upload')
  const order = await begin('/order')
  await once(order.socket, 'close')
  expect(refused).toEqual(['/order'])
  upload.socket.write(': 1}')
  await once(upload.socket, 'data')
  expect(upload.said()).toMatch(/^HTTP\/1\.1 200 /)
})

test('an upload that is refused gets no more time than others', async () => {
  const { socket, said } = await begin('/upload-of-others')
  await once(socket, 'close')
  expect(said()).toMatch(/^HTTP\/1\.1 401 /)
  expect(refused).toEqual(['/upload-of-others'])
})

test('a body that comes in time is nobody’s concern', async () => {
  const first = await begin('/order')
  first.socket.write(': 1}')
  await once(first.socket, 'data')
  const second = await begin('/order')
  await once(second.socket, 'close')
  expect(first.said()).toMatch(/^HTTP\/1\.1 200 /)
  expect(refused).toEqual(['/order'])
})

test('a request without a connection is nobody’s concern either', async () => {
  await app.inject({ method: 'POST', url: '/upload-of-others', payload: { a: 1 } })
  const { socket } = await begin('/order')
  await once(socket, 'close')
  expect(refused).toEqual(['/order'])
})
