import { createServer, type Socket } from 'node:net'
import { deserialize, serialize } from 'bson'

/*
 * Answers the commands of the workloads without doing anything: the driver's own ceiling. It reads messages, decodes their
 * body and writes a fitting reply, so what a real server adds is exactly its work.
 */

const headerBytes = 16
const opMsg = 2013
const opReply = 1

const hello = {
  ismaster: true,
  isWritablePrimary: true,
  helloOk: true,
  maxBsonObjectSize: 16_777_216,
  maxMessageSizeBytes: 48_000_000,
  maxWriteBatchSize: 100_000,
  localTime: new Date(0),
  logicalSessionTimeoutMinutes: 30,
  minWireVersion: 0,
  maxWireVersion: 25,
  readOnly: false,
  ok: 1,
}

const found = {
  _id: 'a',
  owner: 'o1',
  version: 1,
  available: 100,
  updatedAt: new Date(0),
  holds: [],
  text: 'x'.repeat(200),
}

const replies: Readonly<Record<string, (count: number) => object>> = {
  hello: () => hello,
  ismaster: () => hello,
  insert: (n) => ({ n, ok: 1 }),
  update: (n) => ({ n, nModified: n, ok: 1 }),
  find: () => ({ cursor: { firstBatch: [found], id: 0n, ns: 'bench.documents' }, ok: 1 }),
}

interface Request {
  readonly command: string
  /** Documents in the command's sequence. */
  readonly count: number
}

function readRequest(message: Buffer): Request {
  const code = message.readInt32LE(12)
  if (code !== opMsg) return { command: 'hello', count: 1 }
  let offset = headerBytes + 4
  let command = ''
  let count = 1
  while (offset < message.length) {
    const kind = message[offset]
    offset += 1
    const size = message.readInt32LE(offset)
    if (kind === 0) {
      const body = deserialize(message.subarray(offset, offset + size))
      command = Object.keys(body)[0] ?? ''
      const inline: unknown = body['documents'] ?? body['updates']
      if (Array.isArray(inline)) count = inline.length
    } else count = countDocuments(message.subarray(offset, offset + size))
    offset += size
  }
  return { command, count }
}

/** Documents of a sequence, each decoded as a server must. */
function countDocuments(section: Buffer): number {
  let offset = section.indexOf(0, 4) + 1
  let count = 0
  while (offset < section.length) {
    const size = section.readInt32LE(offset)
    deserialize(section.subarray(offset, offset + size))
    offset += size
    count += 1
  }
  return count
}

function reply(message: Buffer): Buffer {
  const { command, count } = readRequest(message)
  const body = serialize((replies[command] ?? (() => ({ ok: 1 })))(count))
  const isLegacy = message.readInt32LE(12) !== opMsg
  const prefix = isLegacy ? 20 : 5
  const header = Buffer.alloc(headerBytes + prefix)
  header.writeInt32LE(headerBytes + prefix + body.length, 0)
  header.writeInt32LE(message.readInt32LE(4), 8)
  header.writeInt32LE(isLegacy ? opReply : opMsg, 12)
  if (isLegacy) header.writeInt32LE(1, headerBytes + 16)
  return Buffer.concat([header, body])
}

function serve(socket: Socket) {
  let waiting: Buffer = Buffer.alloc(0)
  socket.setNoDelay(true)
  socket.on('error', () => socket.destroy())
  socket.on('data', (chunk: Buffer) => {
    waiting = waiting.length === 0 ? chunk : Buffer.concat([waiting, chunk])
    while (waiting.length >= 4) {
      const size = waiting.readInt32LE(0)
      if (waiting.length < size) return
      socket.write(reply(waiting.subarray(0, size)))
      waiting = waiting.subarray(size)
    }
  })
}

const server = createServer(serve)
server.listen(0, '127.0.0.1', () => {
  const address = server.address()
  if (address !== null && typeof address === 'object') process.send?.({ type: 'listening', port: address.port })
})
process.once('disconnect', () => process.exit(0))
