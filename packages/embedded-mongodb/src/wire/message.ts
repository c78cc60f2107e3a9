import { decodeDocument, documentLength } from '../bson/decode.ts'
import { encodeDocument } from '../bson/encode.ts'
import type { Doc } from '../bson/values.ts'
import { crc32c } from './crc32c.ts'

/** The wire protocol as the MongoDB manual describes it: OP_MSG, and OP_QUERY for the first hello of old handshakes. */
export const MAX_MESSAGE_BYTES = 48_000_000
export const HEADER_BYTES = 16

const OP_REPLY = 1
const OP_QUERY = 2004
const OP_MSG = 2013

const CHECKSUM_PRESENT = 1
const MORE_TO_COME = 1 << 1
const EXHAUST_ALLOWED = 1 << 16
/** A message with an unknown flag among these must be refused. */
const REQUIRED_FLAGS = 0xffff

/** The peer does not speak the protocol; there is nothing to answer, the connection ends. */
export class ProtocolViolation extends Error {
  override readonly name = 'ProtocolViolation'
}

export interface Request {
  requestId: number
  body: Doc
  /** Documents of kind 1 sections, still encoded, by the field they belong to. */
  sequences: ReadonlyMap<string, Buffer[]>
  isLegacy: boolean
  /** The client does not want an answer. */
  moreToCome: boolean
  exhaustAllowed: boolean
  bytes: number
}

const NO_SEQUENCES: ReadonlyMap<string, Buffer[]> = new Map()

/** Parses one whole message. The buffer is the message's own: documents may keep references into it. */
export function parseMessage(message: Buffer): Request {
  const opCode = message.readInt32LE(12)
  if (opCode === OP_MSG) return parseMsg(message)
  if (opCode === OP_QUERY) return parseQuery(message)
  throw new ProtocolViolation(`unsupported opcode ${opCode}`)
}

function parseMsg(message: Buffer): Request {
  if (message.length < HEADER_BYTES + 10) throw new ProtocolViolation('OP_MSG is truncated')
  const flags = message.readUInt32LE(16)
  if ((flags & REQUIRED_FLAGS & ~(CHECKSUM_PRESENT | MORE_TO_COME)) !== 0) {
    throw new ProtocolViolation(`unknown required flags ${flags}`)
  }
  const end = (flags & CHECKSUM_PRESENT) === 0 ? message.length : verifyChecksum(message)
  let body: Doc | undefined
  let sequences: Map<string, Buffer[]> | undefined
  let at = 20
  while (at < end) {
    const kind = message[at++]
    if (kind === 0) {
      if (body !== undefined) throw new ProtocolViolation('OP_MSG has two bodies')
      body = decodeDocument(message, at, end)
      at += message.readInt32LE(at)
    } else if (kind === 1) {
      sequences ??= new Map()
      at = parseSequence(message, at, end, sequences)
    } else throw new ProtocolViolation(`unknown section kind ${String(kind)}`)
  }
  if (body === undefined) throw new ProtocolViolation('OP_MSG has no body')
  return {
    requestId: message.readInt32LE(4),
    body,
    sequences: sequences ?? NO_SEQUENCES,
    isLegacy: false,
    moreToCome: (flags & MORE_TO_COME) !== 0,
    exhaustAllowed: (flags & EXHAUST_ALLOWED) !== 0,
    bytes: message.length,
  }
}

function verifyChecksum(message: Buffer): number {
  const end = message.length - 4
  if (crc32c(message.subarray(0, end)) !== message.readUInt32LE(end)) {
    throw new ProtocolViolation('OP_MSG checksum does not match')
  }
  return end
}

function parseSequence(message: Buffer, start: number, limit: number, sequences: Map<string, Buffer[]>): number {
  if (start + 4 > limit) throw new ProtocolViolation('document sequence is truncated')
  const end = start + message.readInt32LE(start)
  if (end > limit || end < start + 5) throw new ProtocolViolation('document sequence has an invalid length')
  const nameEnd = message.indexOf(0, start + 4)
  if (nameEnd < 0 || nameEnd >= end) throw new ProtocolViolation('document sequence has no name')
  const name = message.toString('utf8', start + 4, nameEnd)
  if (sequences.has(name)) throw new ProtocolViolation(`document sequence ${name} is given twice`)
  const documents: Buffer[] = []
  let at = nameEnd + 1
  while (at < end) {
    const length = documentLength(message, at, end)
    documents.push(message.subarray(at, at + length))
    at += length
  }
  sequences.set(name, documents)
  return end
}

function parseQuery(message: Buffer): Request {
  const nameEnd = message.indexOf(0, 20)
  if (nameEnd < 0 || nameEnd + 9 > message.length) throw new ProtocolViolation('OP_QUERY is truncated')
  const body = decodeDocument(message, nameEnd + 9, message.length)
  const namespace = message.toString('utf8', 20, nameEnd)
  if (!body.has('$db')) body.push('$db', namespace.split('.')[0] ?? '')
  return {
    requestId: message.readInt32LE(4),
    body,
    sequences: NO_SEQUENCES,
    isLegacy: true,
    moreToCome: false,
    exhaustAllowed: false,
    bytes: message.length,
  }
}

let nextRequestId = 1

/** Encodes a reply. `moreToCome` announces another one to the same request. Returns the id that the reply itself has. */
export function encodeReply(reply: Doc, responseTo: number, isLegacy: boolean, moreToCome: boolean): Buffer {
  const headroom = isLegacy ? HEADER_BYTES + 20 : HEADER_BYTES + 5
  const message = encodeDocument(reply, headroom)
  nextRequestId = (nextRequestId + 1) & 0x7fffffff
  message.writeInt32LE(message.length, 0)
  message.writeInt32LE(nextRequestId, 4)
  message.writeInt32LE(responseTo, 8)
  message.writeInt32LE(isLegacy ? OP_REPLY : OP_MSG, 12)
  if (isLegacy) {
    message.fill(0, 16, 36)
    message.writeInt32LE(8, 16)
    message.writeInt32LE(1, 32)
  } else {
    message.writeUInt32LE(moreToCome ? MORE_TO_COME : 0, 16)
    message[20] = 0
  }
  return message
}
