import { Agent, request } from 'node:http'

interface Answer {
  readonly status: number
  readonly text: string
}

export interface Call {
  readonly method?: 'GET' | 'POST'
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

export interface Api {
  /** Returns the body. Throws when the status is not the expected one. */
  readonly call: (path: string, expected: number, call?: Call) => Promise<unknown>
  /** As `call`, without parsing what came: that takes the bench longer than many an answer takes the system. */
  readonly read: (path: string, expected: number, call?: Call) => Promise<void>
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
            resolve({ status: response.statusCode ?? 0, text: Buffer.concat(chunks).toString() })
          })
        },
      )
      sent.on('error', reject)
      sent.end(text)
    })

  const expecting = async (path: string, expected: number, call: Call): Promise<string> => {
    const { status, text } = await send(path, call)
    if (status !== expected) throw new Error(`${path} answered ${status}: ${text}`)
    return text
  }

  return {
    call: async (path, expected, call = {}) => {
      const text = await expecting(path, expected, call)
      return text === '' ? undefined : JSON.parse(text)
    },
    read: async (path, expected, call = {}) => void (await expecting(path, expected, call)),
    close: () => agent.destroy(),
  }
}
