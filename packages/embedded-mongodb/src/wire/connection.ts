import type { Socket } from 'node:net'
import { Doc, Double } from '../bson/values.ts'
import { CommandError } from '../errors.ts'
import { encodeReply, parseMessage, type Request } from './message.ts'
import { MessageSplitter } from './message-splitter.ts'

/** Answers a request: calls `reply` once, or more often with `moreToCome` where the request allows it. */
export type RequestHandler = (request: Request, connection: Connection, reply: Reply) => void

export type Reply = (doc: Doc, moreToCome?: boolean) => void

/** Above this many unsent bytes no more requests are read from a connection. */
const MAX_UNSENT_BYTES = 32 * 1024 * 1024

let nextConnectionId = 1

/** One client connection: messages in, replies out in the order of the requests. */
export class Connection {
  readonly id = nextConnectionId++
  readonly #socket: Socket
  readonly #handle: RequestHandler
  readonly #splitter = new MessageSplitter()
  /** Replies that wait for an earlier one. */
  #slots: Slot[] = []
  #closed = false
  #isStopped = false
  readonly #meter: { bytesOut: number }
  readonly #onFault: (error: unknown) => void
  readonly #closing: (() => void)[] = []

  constructor(socket: Socket, handle: RequestHandler, onFault: (error: unknown) => void, meter: { bytesOut: number }) {
    this.#meter = meter
    this.#onFault = onFault
    this.#socket = socket
    this.#handle = handle
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      if (this.#isStopped) return
      try {
        for (const message of this.#splitter.push(chunk)) this.#receive(message)
      } catch (error) {
        // Who breaks the protocol is not answered; bytes after a broken message have no meaning.
        onFault(error)
        socket.destroy()
      }
    })
    socket.on('error', (error) => {
      if (!('code' in error) || (error.code !== 'ECONNRESET' && error.code !== 'EPIPE')) onFault(error)
    })
    socket.on('close', () => {
      this.#closed = true
      for (const notify of this.#closing.splice(0)) notify()
    })
  }

  get isClosed(): boolean {
    return this.#closed
  }

  get remoteAddress(): string {
    return `${this.#socket.remoteAddress ?? ''}:${this.#socket.remotePort ?? 0}`
  }

  onClose(notify: () => void): void {
    this.#closing.push(notify)
  }

  /** Takes no more requests; what was asked before is still answered. */
  stopReading(): void {
    this.#isStopped = true
    this.#socket.pause()
  }

  /** Ends the connection once everything that was answered is sent. */
  close(): void {
    this.#socket.destroySoon()
  }

  /** Ends the connection, whatever is still to be sent. */
  destroy(): void {
    this.#socket.destroy()
  }

  #receive(message: Buffer): void {
    const request = parseMessage(message)
    const slot: Slot = { ready: [], isDone: false }
    if (!request.moreToCome) this.#slots.push(slot)
    this.#handle(request, this, (doc, moreToCome = false) => {
      if (request.moreToCome || this.#closed) return
      try {
        slot.ready.push(encodeSafely(doc, request, moreToCome))
        slot.isDone = !moreToCome
        this.#send()
      } catch (error) {
        // A reply often leaves long after its request: nobody further up could tell whose it was.
        this.#onFault(error)
        this.#socket.destroy()
      }
    })
  }

  #send(): void {
    for (;;) {
      const [first] = this.#slots
      if (first === undefined) break
      for (const message of first.ready.splice(0)) {
        this.#meter.bytesOut += message.length
        this.#socket.write(message)
      }
      if (!first.isDone) break
      this.#slots.shift()
    }
    if (this.#socket.writableLength > MAX_UNSENT_BYTES && !this.#socket.isPaused()) {
      this.#socket.pause()
      this.#socket.once('drain', () => {
        if (!this.#isStopped) this.#socket.resume()
      })
    }
  }
}

interface Slot {
  ready: Buffer[]
  isDone: boolean
}

/** An answer too large to encode becomes the error that says so. */
function encodeSafely(doc: Doc, request: Request, moreToCome: boolean): Buffer {
  try {
    return encodeReply(doc, request.requestId, request.isLegacy, moreToCome)
  } catch (error) {
    if (!(error instanceof CommandError)) throw error
    return encodeReply(errorReply(error), request.requestId, request.isLegacy, false)
  }
}

export function errorReply(error: CommandError): Doc {
  const doc = Doc.from({ ok: new Double(0), errmsg: error.message, code: error.code, codeName: error.codeName })
  for (const [key, value] of error.extra?.entries() ?? []) doc.push(key, value)
  return doc
}
