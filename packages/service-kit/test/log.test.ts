import { Writable } from 'node:stream'
import { expect, test } from 'vitest'
import { createLogger } from '../src/log.ts'
import { runInTrace } from '../src/trace.ts'

function listen() {
  const lines: string[] = []
  const destination = new Writable({
    write(chunk, _encoding, done) {
      lines.push(String(chunk))
      done()
    },
  })
  return { lines, logger: createLogger({ name: 'things', level: 'info', destination }) }
}

test('writes JSON with an ISO time and the current trace', () => {
  const { lines, logger } = listen()
  runInTrace({ traceparent: `00-${'a'.repeat(32)}-${'b'.repeat(16)}-01`, requestId: 'r1' }, () => logger.info('hello'))
  logger.debug('not heard')
  expect(lines).toHaveLength(1)
  expect(JSON.parse(lines[0] ?? '')).toMatchObject({
    level: 'info',
    name: 'things',
    msg: 'hello',
    traceId: 'a'.repeat(32),
    requestId: 'r1',
    time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
  })
})

test.each([
  'authorization',
  'cookie',
  'set-cookie',
  'password',
  'token',
  'accessToken',
  'refreshToken',
  'secret',
  'privateKey',
])('never shows %s, down to the fourth level', (field) => {
  const { lines, logger } = listen()
  const secret = { [field]: 'hunter2' }
  logger.info({ ...secret, a: { ...secret, b: { ...secret, c: secret } } }, 'x')
  logger.error({ err: Object.assign(new Error('failed'), { details: secret }) })
  expect(lines.join('')).toContain('[redacted]')
  expect(lines.join('')).not.toContain('hunter2')
})
