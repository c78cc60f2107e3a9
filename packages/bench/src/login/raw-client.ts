import { once } from 'node:events'
import { connect, type Socket } from 'node:net'

/** One kept-alive connection that sends one request after another, as cheaply as it can be done. */
export interface RawClient {
  /** Sends a body and waits for the whole answer. Throws when its status is another one. */
  readonly post: (path: string, body: string, status: number) => Promise<void>
  readonly close: () => void
}

/**
 * A client shares the machine with what it measures, so this one does nothing but write a request and count the bytes of
 * the answer. It expects `content-length`, which this system sends.
 */
export async function connectRaw(url: string): Promise<RawClient> {
  const { hostname, port, host } = new URL(url)
  const socket: Socket = connect(Number(port), hostname)
  socket.setNoDelay(true)
  await once(socket, 'connect')
  let waiting: PromiseWithResolvers<string> | undefined
  let received = ''
  socket.setEncoding('latin1')
  socket.on('data', (text: string) => {
    received += text
    const end = received.indexOf('\r\n\r\n')
    if (end === -1) return
    const length = /\r\ncontent-length: (\d+)/i.exec(received.slice(0, end))?.[1]
    if (received.length < end + 4 + Number(length ?? 0)) return
    const answer = received
    received = ''
    waiting?.resolve(answer)
  })
  const fail = () => waiting?.reject(new Error('the connection ended'))
  socket.once('close', fail)
  socket.once('error', fail)
  return {
    post: async (path, body, status) => {
      waiting = Promise.withResolvers()
      socket.write(
        `POST ${path} HTTP/1.1\r\nhost: ${host}\r\ncontent-type: application/json\r\ncontent-length: ${Buffer.byteLength(body)}\r\n\r\n${body}`,
      )
      const answer = await waiting.promise
      if (!answer.startsWith(`HTTP/1.1 ${status} `)) throw new Error(`${path} answered ${answer.slice(9, 12)}`)
    },
    close: () => socket.destroy(),
  }
}
