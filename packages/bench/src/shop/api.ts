import { Agent, request } from 'node:http'

export interface Answer {
  readonly status: number
  readonly body: unknown
}

export interface Call {
  readonly method?: 'GET' | 'POST'
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface Api {
  /** Throws when the status is not the expected one. */
  readonly call: (path: string, expected: number, call?: Call) => Promise<Answer['body']>
  readonly close: () => void
}

/** A client over kept-alive connections. Of node:http, since its cost counts against the system that is measured. */
export function createApi(baseUrl: string): Api {
  const { hostname, port } = new URL(baseUrl)
  const agent = new Agent({ keepAlive: true, maxSockets: 1024 })

  const send = (path: string, { method = 'GET', token, headers = {}, body }: Call) =>
    new Promise<Answer>((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const sent = request(
        {
          agent,
          hostname,
          port,
          path,
          method,
          headers: {
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(text !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
            }),
            ...headers,
          },
        },
        (response) => {
          const chunks: Buffer[] = []
          response.on('data', (chunk: Buffer) => chunks.push(chunk))
          response.on('error', reject)
          response.on('end', () => {
            const answered = Buffer.concat(chunks).toString()
            const status = response.statusCode ?? 0
            resolve({ status, body: answered === '' ? undefined : JSON.parse(answered) })
          })
        },
      )
      sent.on('error', reject)
      sent.end(text)
    })

  return {
    call: async (path, expected, call = {}) => {
      const { status, body } = await send(path, call)
      if (status !== expected) throw new Error(`${path} answered ${status}: ${JSON.stringify(body)}`)
      return body
    },
    close: () => agent.destroy(),
  }
}
