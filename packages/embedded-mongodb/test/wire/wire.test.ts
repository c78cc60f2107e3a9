import fs from 'node:fs'
import * as fc from 'fast-check'
import { BSON, type Document } from 'mongodb'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { type EmbeddedMongodb, startEmbeddedMongodb } from '../../src/index.ts'
import { crc32c } from '../../src/wire/crc32c.ts'
import { temporaryDirectory } from '../support/mongo.ts'
import { message, opMsg, RawConnection, type RawReply } from '../support/raw-connection.ts'

const dataDir = temporaryDirectory()
let server: EmbeddedMongodb
beforeAll(async () => {
  server = await startEmbeddedMongodb({ dataDir })
})
afterAll(async () => {
  await server.close()
  fs.rmSync(dataDir, { recursive: true, force: true })
})

async function exchange(bytes: Buffer): Promise<RawReply | undefined> {
  const connection = await RawConnection.open(server.port)
  try {
    connection.send(bytes)
    return await connection.next()
  } finally {
    connection.close()
  }
}

async function expectAlive(): Promise<void> {
  const reply = await exchange(opMsg({ ping: 1, $db: 'admin' }))
  expect(reply?.document.ok).toBe(1)
}

function sequence(name: string, documents: Document[]): Buffer {
  const body = Buffer.concat([Buffer.from(`${name}\0`), ...documents.map((one) => Buffer.from(BSON.serialize(one)))])
  const head = Buffer.alloc(5)
  head[0] = 1
  head.writeInt32LE(body.length + 4, 1)
  return Buffer.concat([head, body])
}

describe('OP_MSG', () => {
  test('answers with the id of the request', async () => {
    const reply = await exchange(opMsg({ ping: 1, $db: 'admin' }, 0, 4711))
    expect(reply).toMatchObject({ responseTo: 4711, opCode: 2013, document: { ok: 1 } })
  })

  test('takes document sequences before and after the body', async () => {
    const section = sequence('documents', [{ _id: 1 }, { _id: 2 }])
    const body = Buffer.concat([Buffer.from([0]), BSON.serialize({ insert: 'seq', $db: 't' })])
    const reply = await exchange(message(Buffer.concat([Buffer.alloc(4), section, body])))
    expect(reply?.document).toMatchObject({ n: 2, ok: 1 })
  })

  test('checks the checksum', async () => {
    const plain = opMsg({ ping: 1, $db: 'admin' }, 1)
    const whole = Buffer.concat([plain, Buffer.alloc(4)])
    whole.writeInt32LE(whole.length, 0)
    whole.writeUInt32LE(crc32c(whole.subarray(0, -4)), whole.length - 4)
    expect((await exchange(whole))?.document.ok).toBe(1)
    whole.writeUInt32LE(1, whole.length - 4)
    expect(await exchange(whole)).toBeUndefined()
  })

  test('does not answer what asks for no answer, and goes on', async () => {
    const connection = await RawConnection.open(server.port)
    connection.send(opMsg({ insert: 'quiet', documents: [{ _id: 1 }], $db: 't', writeConcern: { w: 0 } }, 2, 1))
    connection.send(opMsg({ count: 'quiet', $db: 't' }, 0, 2))
    expect(await connection.next()).toMatchObject({ responseTo: 2, document: { n: 1 } })
    connection.close()
  })

  test('answers requests sent together in their order', async () => {
    const connection = await RawConnection.open(server.port)
    const requests = Array.from({ length: 50 }, (_, i) =>
      i % 2 === 0 ? opMsg({ insert: 'order', documents: [{ i }], $db: 't' }, 0, i) : opMsg({ ping: 1, $db: 't' }, 0, i),
    )
    connection.send(Buffer.concat(requests))
    for (let i = 0; i < 50; i++) expect((await connection.next())?.responseTo).toBe(i)
    connection.close()
  })

  test('puts messages together from single bytes', async () => {
    const connection = await RawConnection.open(server.port)
    for (const byte of opMsg({ ping: 1, $db: 'admin' })) connection.send(Buffer.from([byte]))
    expect((await connection.next())?.document.ok).toBe(1)
    connection.close()
  })
})

describe('hello', () => {
  test('of the old kind is answered in the old way', async () => {
    const body = Buffer.concat([
      Buffer.alloc(4),
      Buffer.from('admin.$cmd\0'),
      Buffer.alloc(8),
      BSON.serialize({ isMaster: 1, helloOk: true }),
    ])
    const reply = await exchange(message(body, 2004))
    expect(reply).toMatchObject({ opCode: 1, document: { ismaster: true, helloOk: true, maxWireVersion: 25, ok: 1 } })
    const other = Buffer.concat([Buffer.alloc(4), Buffer.from('t.x\0'), Buffer.alloc(8), BSON.serialize({ find: 'x' })])
    expect((await exchange(message(other, 2004)))?.document).toMatchObject({ ok: 0, code: 352 })
  })

  test('that awaits a change of topology streams until the connection ends', async () => {
    const connection = await RawConnection.open(server.port)
    connection.send(opMsg({ hello: 1, $db: 'admin' }))
    const first = await connection.next()
    const { topologyVersion } = first?.document ?? {}
    connection.send(opMsg({ hello: 1, $db: 'admin', topologyVersion, maxAwaitTimeMS: 20 }, 1 << 16, 2))
    for (let i = 0; i < 3; i++)
      expect(await connection.next()).toMatchObject({ flags: 2, document: { isWritablePrimary: true } })
    connection.close()
    const stale = { processId: new BSON.ObjectId(), counter: BSON.Long.fromNumber(0) }
    const reply = await exchange(opMsg({ hello: 1, $db: 'admin', topologyVersion: stale, maxAwaitTimeMS: 60_000 }))
    expect(reply?.document.ok).toBe(1)
  })
})

describe('what breaks the protocol ends the connection and nothing else', () => {
  const cases: [string, Buffer][] = [
    ['a length below the header', Buffer.from([15, 0, 0, 0])],
    ['a negative length', Buffer.from([0xff, 0xff, 0xff, 0xff])],
    ['a length above 48 MB', Buffer.from([0, 0x6c, 0xdc, 0x03, 1, 1, 1, 1])],
    ['an unknown opcode', message(Buffer.alloc(20), 9999)],
    ['unknown required flags', opMsg({ ping: 1, $db: 'admin' }, 1 << 5)],
    ['an unknown kind of section', message(Buffer.from([0, 0, 0, 0, 7, 0, 0, 0, 0, 0]))],
    ['no body', message(Buffer.concat([Buffer.alloc(4), sequence('documents', [{}])]))],
    ['a document longer than its message', message(Buffer.from([0, 0, 0, 0, 0, 0xff, 0xff, 0, 0, 0]))],
    ['a sequence longer than its message', message(Buffer.from([0, 0, 0, 0, 1, 0xff, 0, 0, 0, 0x61, 0]))],
    ['an opcode of compression', message(Buffer.alloc(30), 2012)],
  ]
  test.each(cases)('%s', async (_, bytes) => {
    expect(await exchange(bytes)).toBeUndefined()
    await expectAlive()
  })

  test('documents nested beyond every limit', async () => {
    let depth = Buffer.from([5, 0, 0, 0, 0])
    for (let i = 0; i < 3000; i++) {
      const head = Buffer.alloc(4)
      head.writeInt32LE(depth.length + 8, 0)
      depth = Buffer.concat([head, Buffer.from([3, 0x61, 0]), depth, Buffer.from([0])])
    }
    await exchange(message(Buffer.concat([Buffer.alloc(5), depth])))
    await expectAlive()
  })

  test('48 MB that never end hold no more than themselves', async () => {
    const connection = await RawConnection.open(server.port)
    const head = Buffer.alloc(16)
    head.writeInt32LE(48_000_000, 0)
    connection.send(head)
    for (let i = 0; i < 20; i++) connection.send(Buffer.alloc(1_000_000))
    await expectAlive()
    connection.close()
  })

  test('random bytes, and real messages with bytes changed', async () => {
    const real = opMsg({
      update: 'x',
      updates: [{ q: { a: { $gt: 1 } }, u: { $set: { b: [1, 'x', { c: null }] } } }],
      $db: 't',
    })
    const mutated = fc
      .array(fc.tuple(fc.nat(real.length - 1), fc.nat(255)), { minLength: 1, maxLength: 6 })
      .map((changes) => {
        const bytes = Buffer.from(real)
        for (const [at, byte] of changes) if (at >= 4) bytes[at] = byte
        return bytes
      })
    const random = fc.uint8Array({ minLength: 4, maxLength: 200 }).map((bytes) => message(Buffer.from(bytes)))
    await fc.assert(
      fc.asyncProperty(fc.oneof(mutated, random), async (bytes) => {
        const connection = await RawConnection.open(server.port)
        connection.send(Buffer.concat([bytes, opMsg({ ping: 1, $db: 'admin' }, 0, 99)]))
        // Whatever comes back, something does: an answer to the ping behind it, or the end of the connection.
        for (;;) {
          const reply = await connection.next()
          if (reply === undefined || reply.responseTo === 99) break
        }
        connection.close()
      }),
      { numRuns: 400 },
    )
    await expectAlive()
  })
})
