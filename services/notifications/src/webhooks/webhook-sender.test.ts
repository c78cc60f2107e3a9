import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { WebhookReceiver } from '../../test/webhook-receiver.ts'
import { createWebhookSender, type Lookup, maxResponseBytes } from './webhook-sender.ts'

const fixture = (name: string) => readFileSync(join(import.meta.dirname, '../../test/fixtures', name), 'utf8')
const tls = { key: fixture('receiver-key.pem'), cert: fixture('receiver-cert.pem') }
const body = JSON.stringify({ id: 'evt_1', type: 'tradewind.test', time: '2026-01-02T03:04:05.000Z', data: {} })
const request = (url: string) => ({ url, headers: { 'content-type': 'application/json' }, body })
const open = { allowHttp: true, allowPrivate: true, ports: [] }
const strict = { allowHttp: true, allowPrivate: false, ports: [] }

let receiver: WebhookReceiver
beforeEach(async () => {
  receiver = new WebhookReceiver()
  await receiver.start()
})
afterEach(() => receiver.stop())

/** A resolver that gives other addresses each time it is asked. */
function resolving(...answers: string[][]): Lookup & { readonly asked: () => number } {
  let asked = 0
  const lookup: Lookup = (_hostname, _options, callback) => {
    const addresses = answers[Math.min(asked, answers.length - 1)] ?? []
    asked += 1
    callback(
      null,
      addresses.map((address) => ({ address, family: address.includes(':') ? 6 : 4 })),
    )
  }
  return Object.assign(lookup, { asked: () => asked })
}

describe('an address that is not public', () => {
  const hosts = [
    '127.0.0.1',
    '127.9.9.9',
    '2130706433',
    '0x7f000001',
    '0177.0.0.1',
    '0x7f.1',
    '127.1',
    '0.0.0.0',
    '0.1.2.3',
    '0',
    '10.0.0.1',
    '100.64.0.1',
    '169.254.169.254',
    '172.16.0.1',
    '172.31.255.255',
    '192.0.0.8',
    '192.168.1.1',
    '198.18.0.1',
    '224.0.0.1',
    '255.255.255.255',
    '[::]',
    '[::1]',
    '[::ffff:127.0.0.1]',
    '[::ffff:7f00:1]',
    '[::ffff:10.0.0.1]',
    '[::127.0.0.1]',
    '[64:ff9b::7f00:1]',
    '[64:ff9b:1::7f00:1]',
    '[100::1]',
    '[2001::1]',
    '[2001:db8::1]',
    '[2002:7f00:1::]',
    '[fc00::1]',
    '[fd12:3456::1]',
    '[fe80::1]',
    '[fec0::1]',
    '[ff02::1]',
    '①②⑦.⓪.⓪.①',
  ]

  test.each(hosts)('%s is refused as it stands, and nothing connects', async (host) => {
    const sender = createWebhookSender(strict)
    const url = `http://${host}:${receiver.port}/`
    expect(sender.refusal(url)).toBe('is not on the public Internet')
    expect(await sender.send(request(url))).toEqual({
      durationMs: 0,
      error: 'the address is not on the public Internet',
    })
    expect(receiver.connections).toBe(0)
  })

  const addresses = [
    '127.0.0.1',
    '10.1.2.3',
    '169.254.169.254',
    '::1',
    '::ffff:127.0.0.1',
    'fd00::1',
    '64:ff9b::7f00:1',
  ]

  test.each(addresses)('%s behind a name is refused when connecting', async (address) => {
    const sender = createWebhookSender({ ...strict, lookup: resolving([address]) })
    const url = `http://receiver.test:${receiver.port}/`
    expect(sender.refusal(url)).toBeUndefined()
    expect(await sender.send(request(url))).toMatchObject({ error: 'is not on the public Internet' })
    expect(receiver.connections).toBe(0)
  })

  test('beside a public one is refused, whichever would be tried first', async () => {
    for (const answer of [
      ['93.184.215.14', '127.0.0.1'],
      ['127.0.0.1', '93.184.215.14'],
    ]) {
      const sender = createWebhookSender({ ...strict, lookup: resolving(answer) })
      const outcome = await sender.send(request(`http://receiver.test:${receiver.port}/`))
      expect(outcome).toMatchObject({ error: 'is not on the public Internet' })
    }
    expect(receiver.connections).toBe(0)
  })

  test('cannot take the place of the judged one: the connection goes to what was judged', async () => {
    // This machine stands for the public one, so that nothing of the test leaves it.
    const isPublic = (address: string) => address === '127.0.0.1'
    const lookup = resolving(['127.0.0.1'], ['127.0.0.2'])
    const sender = createWebhookSender({ ...strict, lookup, isPublic })
    const url = `http://receiver.test:${receiver.port}/`
    expect(await sender.send(request(url))).toMatchObject({ statusCode: 200 })
    expect(lookup.asked()).toBe(1)
    expect(receiver.connections).toBe(1)
    // Bound anew meanwhile, the name is judged anew for the next attempt.
    expect(await sender.send(request(url))).toMatchObject({ error: 'is not on the public Internet' })
    expect(lookup.asked()).toBe(2)
    expect(receiver.connections).toBe(1)
  })

  test('is not reached by a redirect, which counts as a refusal', async () => {
    const inner = new WebhookReceiver()
    await inner.start()
    for (const status of [301, 302, 303, 307, 308]) {
      receiver.respond = (answer) => void answer.writeHead(status, { location: inner.url }).end()
      expect(await createWebhookSender(open).send(request(receiver.url))).toMatchObject({ statusCode: status })
    }
    expect(inner.connections).toBe(0)
    await inner.stop()
  })

  test('may be used where the configuration says so', async () => {
    expect(await createWebhookSender(open).send(request(receiver.url))).toMatchObject({
      statusCode: 200,
      response: 'thanks',
    })
  })
})

describe('an address', () => {
  const sender = createWebhookSender({ allowHttp: false, allowPrivate: false, ports: [443, 8443] })

  test.each([
    ['http://hooks.example/', 'must begin with https://'],
    ['ftp://hooks.example/', 'must begin with https://'],
    ['https://user:password@hooks.example/', 'must not carry a user or password'],
    ['https://hooks.example:6379/', 'names a port that is not allowed'],
    ['https://', 'is not a URL'],
  ])('%s: %s', async (url, why) => {
    expect(sender.refusal(url)).toBe(why)
    expect(await sender.send(request(url))).toMatchObject({ error: `the address ${why}` })
  })

  test.each([
    'https://hooks.example/',
    'https://hooks.example:8443/a?b=c',
    'https://93.184.215.14/',
    'https://[2606:2800:21f::1]/',
  ])('%s may be used', (url) => {
    expect(sender.refusal(url)).toBeUndefined()
  })
})

describe('TLS', () => {
  let secure: WebhookReceiver
  beforeEach(async () => {
    secure = new WebhookReceiver(tls)
    await secure.start()
  })
  afterEach(() => secure.stop())
  const lookup = resolving(['127.0.0.1'])
  const urlOf = (host: string) => `https://${host}:${secure.port}/`

  test('is spoken and verified against the name', async () => {
    const sender = createWebhookSender({ ...open, lookup, ca: tls.cert })
    expect(await sender.send(request(urlOf('receiver.test')))).toMatchObject({ statusCode: 200 })
    expect(await sender.send(request(urlOf('other.test')))).toMatchObject({ error: 'ERR_TLS_CERT_ALTNAME_INVALID' })
    expect(secure.received).toHaveLength(1)
  })

  test('with a certificate that nobody vouches for is refused', async () => {
    const sender = createWebhookSender({ ...open, lookup })
    expect(await sender.send(request(urlOf('receiver.test')))).toMatchObject({ error: 'DEPTH_ZERO_SELF_SIGNED_CERT' })
    expect(secure.received).toEqual([])
  })
})

describe('an answer', () => {
  const send = (timeoutMs = 1000) => createWebhookSender({ ...open, timeoutMs }).send(request(receiver.url))

  test('is kept up to 1 KiB', async () => {
    receiver.answerWith(500, 'x'.repeat(5000))
    expect(await send()).toMatchObject({ statusCode: 500, response: 'x'.repeat(1024) })
  })

  test('that is too large is cut off', async () => {
    let sent = 0
    const gone = Promise.withResolvers<void>()
    receiver.respond = (answer) => {
      answer.on('close', gone.resolve)
      const more = () => {
        while (!answer.destroyed) {
          sent += 16_384
          if (!answer.write('y'.repeat(16_384))) break
        }
      }
      answer.on('drain', more)
      more()
    }
    expect(await send(5000)).toMatchObject({ statusCode: 200, response: 'y'.repeat(1024) })
    await gone.promise
    // What the sockets of both sides hold comes on top of what was read.
    expect(sent).toBeLessThan(maxResponseBytes + 16 * 1024 * 1024)
  })

  test('that never ends is cut off when the time is up; the status counts', async () => {
    receiver.respond = (answer) => {
      answer.writeHead(200)
      const drip = setInterval(() => answer.write('z'), 20)
      answer.on('close', () => clearInterval(drip))
    }
    const outcome = await send(300)
    expect(outcome).toMatchObject({ statusCode: 200, response: expect.stringMatching(/^z+$/) })
    expect(outcome.durationMs).toBeGreaterThanOrEqual(290)
    expect(outcome.durationMs).toBeLessThan(2000)
  })

  test('that never begins is no answer', async () => {
    receiver.hold()
    expect(await send(200)).toMatchObject({ error: 'no answer within 200 ms' })
  })

  test('that breaks off before its status is no answer', async () => {
    receiver.respond = (answer) => void answer.destroy()
    expect(await send()).toMatchObject({ error: 'ECONNRESET' })
  })

  test('of nobody is no answer', async () => {
    const gone = new WebhookReceiver()
    await gone.start()
    await gone.stop()
    expect(await createWebhookSender(open).send(request(gone.url))).toMatchObject({ error: 'ECONNREFUSED' })
  })

  test('with bytes that are no text is shown with replacement characters', async () => {
    receiver.respond = (answer) => void answer.end(Buffer.from([0xff, 0x41]))
    expect(await send()).toMatchObject({ response: '\ufffdA' })
  })
})
