import net from 'node:net'
import { BSON, type Document } from 'mongodb'

export interface RawReply {
  flags: number
  responseTo: number
  opCode: number
  document: Document
}

const OP_MSG = 2013

export function message(body: Buffer, opCode = OP_MSG, requestId = 1): Buffer {
  const header = Buffer.alloc(16)
  header.writeInt32LE(16 + body.length, 0)
  header.writeInt32LE(requestId, 4)
  header.writeInt32LE(opCode, 12)
  return Buffer.concat([header, body])
}

export function opMsg(command: Document, flags = 0, requestId = 1): Buffer {
  const head = Buffer.alloc(5)
  head.writeUInt32LE(flags >>> 0, 0)
  return message(Buffer.concat([head, BSON.serialize(command)]), OP_MSG, requestId)
}

/** A bare socket to the server, for what no driver would send. */
export class RawConnection {
  readonly #socket: net.Socket
  #received = Buffer.alloc(0)
  #isClosed = false
  readonly #waiting: (() => void)[] = []

  private constructor(socket: net.Socket) {
    this.#socket = socket
    socket.on('data', (chunk: Buffer) => {
      this.#received = Buffer.concat([this.#received, chunk])
      this.#wake()
    })
    socket.on('close', () => {
      this.#isClosed = true
      this.#wake()
    })
    // The server may reset a connection that breaks the protocol.
    socket.on('error', () => this.#wake())
  }

  static open(port: number): Promise<RawConnection> {
    return new Promise((resolve, reject) => {
      const socket = net.connect({ port, host: '127.0.0.1' })
      socket.once('error', reject)
      socket.once('connect', () => resolve(new RawConnection(socket)))
    })
  }

  #wake(): void {
    for (const resume of this.#waiting.splice(0)) resume()
  }

  send(bytes: Buffer): void {
    this.#socket.write(bytes)
  }

  /** The next reply, or undefined when the server has closed the connection. */
  async next(): Promise<RawReply | undefined> {
    for (;;) {
      if (this.#received.length >= 4) {
        const length = this.#received.readInt32LE(0)
        if (this.#received.length >= length) {
          const reply = this.#received.subarray(0, length)
          this.#received = this.#received.subarray(length)
          const opCode = reply.readInt32LE(12)
          const at = opCode === OP_MSG ? 21 : 36
          return {
            flags: reply.readUInt32LE(16),
            responseTo: reply.readInt32LE(8),
            opCode,
            document: BSON.deserialize(reply.subarray(at)),
          }
        }
      }
      if (this.#isClosed) return undefined
      await new Promise<void>((resolve) => this.#waiting.push(resolve))
    }
  }

  close(): void {
    this.#socket.destroy()
  }
}
