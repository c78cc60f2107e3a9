import { HEADER_BYTES, MAX_MESSAGE_BYTES, ProtocolViolation } from './message.ts'

/** Cuts a stream of bytes into messages. Holds at most one unfinished message. */
export class MessageSplitter {
  #chunks: Buffer[] = []
  #held = 0
  #needed = 0

  /** Every message that `chunk` completes. */
  push(chunk: Buffer): Buffer[] {
    const messages: Buffer[] = []
    let rest = chunk
    if (this.#held > 0) {
      this.#chunks.push(chunk)
      this.#held += chunk.length
      if (this.#held < Math.max(this.#needed, 4)) return messages
      rest = this.#chunks.length === 1 ? chunk : Buffer.concat(this.#chunks)
      this.#chunks = []
      this.#held = 0
    }
    while (rest.length >= 4) {
      const length = rest.readInt32LE(0)
      if (length < HEADER_BYTES || length > MAX_MESSAGE_BYTES) {
        throw new ProtocolViolation(`invalid message length ${length}`)
      }
      this.#needed = length
      if (rest.length < length) break
      const message = rest.subarray(0, length)
      rest = rest.subarray(length)
      this.#needed = 0
      messages.push(message)
    }
    if (rest.length > 0) {
      this.#chunks = [rest]
      this.#held = rest.length
    }
    return messages
  }
}
