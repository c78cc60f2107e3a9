import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import { createServer as createSecureServer, type ServerOptions } from 'node:https'
import type { AddressInfo } from 'node:net'
import { buffer } from 'node:stream/consumers'
import { Webhook } from 'standardwebhooks'

export interface ReceivedWebhook {
  readonly path: string
  readonly headers: IncomingHttpHeaders
  readonly body: string
  readonly event: { readonly id: string; readonly type: string; readonly time: string; readonly data: unknown }
}

type Respond = (answer: ServerResponse, received: ReceivedWebhook) => void

/** Another company's system: takes webhooks and answers as it is told to. */
export class WebhookReceiver {
  readonly received: ReceivedWebhook[] = []
  /** Requests that have been read and not answered. */
  readonly held: ServerResponse[] = []
  connections = 0
  respond: Respond = (answer) => void answer.end('thanks')
  readonly #server: Server
  #port = 0

  constructor(tls?: ServerOptions) {
    const listener: RequestListener = (request, answer) => {
      void buffer(request).then((bytes) => {
        const body = bytes.toString()
        const webhook = { path: request.url ?? '', headers: request.headers, body, event: JSON.parse(body) }
        this.received.push(webhook)
        this.respond(answer, webhook)
      })
    }
    this.#server = tls === undefined ? createServer(listener) : createSecureServer(tls, listener)
    this.#server.on('connection', () => {
      this.connections += 1
    })
  }

  async start(): Promise<void> {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    const address: AddressInfo | string | null = this.#server.address()
    if (address === null || typeof address === 'string') throw new Error('the receiver does not listen')
    this.#port = address.port
  }

  get port(): number {
    return this.#port
  }

  get url(): string {
    return `http://127.0.0.1:${this.#port}/hook`
  }

  answerWith(status: number, body = ''): void {
    this.respond = (answer) => void answer.writeHead(status).end(body)
  }

  /** Leaves requests without an answer until `release`. */
  hold(): void {
    this.respond = (answer) => void this.held.push(answer)
  }

  release(): void {
    for (const answer of this.held.splice(0)) answer.end()
    this.respond = (answer) => void answer.end()
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections()
    await new Promise((resolve) => this.#server.close(resolve))
  }
}

/** True when the library that receivers use takes it. */
export function isVerified(secret: string, { headers, body }: ReceivedWebhook): boolean {
  const given = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, String(value)]))
  try {
    new Webhook(secret).verify(body, given)
    return true
  } catch {
    return false
  }
}
