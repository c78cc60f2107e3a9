import net from 'node:net'
import { decodeDocument } from '../bson/decode.ts'
import { encodeDocument } from '../bson/encode.ts'
import type { Doc } from '../bson/values.ts'
import { MessageSplitter } from '../wire/message-splitter.ts'

const BODY_OFFSET = 21
const OP_MSG = 2013

/** Sends one command to a running server and gives its reply. */
export function sendCommand(host: string, port: number, command: Doc): Promise<Doc> {
  const message = encodeDocument(command, BODY_OFFSET)
  message.fill(0, 0, BODY_OFFSET)
  message.writeInt32LE(message.length, 0)
  message.writeInt32LE(1, 4)
  message.writeInt32LE(OP_MSG, 12)
  const splitter = new MessageSplitter()
  return new Promise((resolve, reject) => {
    const socket = net.connect({ host, port }, () => socket.write(message))
    socket.once('error', reject)
    socket.once('close', () => reject(new Error('the server closed the connection')))
    socket.on('data', (chunk: Buffer) => {
      for (const reply of splitter.push(chunk)) {
        resolve(decodeDocument(reply, BODY_OFFSET))
        socket.end()
      }
    })
  })
}
