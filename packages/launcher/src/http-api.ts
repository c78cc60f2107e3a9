const requestTimeoutMs = 15_000

export interface ApiRequest {
  readonly method?: 'GET' | 'POST'
  readonly token?: string
  readonly idempotencyKey?: string
  /** Sent as JSON. */
  readonly body?: unknown
  /** Sent as a file, a line of JSON each. */
  readonly lines?: readonly unknown[]
}

/** What the system answered instead of what was asked for; `code` is the stable one of its problem details. */
export class ApiError extends Error {
  readonly status: number
  readonly code: string | undefined

  constructor(what: string, status: number, text: string) {
    const problem = parse(text)
    const code = textAt(problem, 'code')
    const said = [code, textAt(problem, 'detail') ?? textAt(problem, 'title')].filter(Boolean).join(': ')
    super(`${what} answered ${status}${said === '' ? '' : ` (${said})`}`)
    this.name = 'ApiError'
    this.status = status
    this.code = code
  }
}

export type Api = (path: string, request?: ApiRequest) => Promise<unknown>

/** Binds the address of a service. Rejects with an ApiError for every answer that is not 2xx. */
export const makeApi =
  (baseUrl: string): Api =>
  async (path, { method = 'GET', token, idempotencyKey, body, lines } = {}) => {
    const sent = lines?.map((line) => `${JSON.stringify(line)}\n`).join('') ?? JSON.stringify(body)
    const response = await fetch(`${baseUrl}${path}`, {
      method,
      headers: {
        ...(token === undefined ? {} : { authorization: `Bearer ${token}` }),
        ...(idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }),
        ...(sent === undefined ? {} : { 'content-type': lines ? 'application/x-ndjson' : 'application/json' }),
      },
      ...(sent === undefined ? {} : { body: sent }),
      signal: AbortSignal.timeout(requestTimeoutMs),
    })
    const text = await response.text()
    if (!response.ok) throw new ApiError(`${method} ${path}`, response.status, text)
    return text === '' ? undefined : parse(text)
  }

/** Follows property names and array positions through an answer; throws when the end is not text. */
export function textOf(value: unknown, ...path: readonly (string | number)[]): string {
  const found = at(value, ...path)
  if (typeof found !== 'string') throw new Error(`the answer has no text at ${path.join('.')}`)
  return found
}

/** As `textOf`, for a number. */
export function numberOf(value: unknown, ...path: readonly (string | number)[]): number {
  const found = at(value, ...path)
  if (typeof found !== 'number') throw new Error(`the answer has no number at ${path.join('.')}`)
  return found
}

/** As `textOf`, for a list. */
export function listOf(value: unknown, ...path: readonly (string | number)[]): readonly unknown[] {
  const found = at(value, ...path)
  if (!Array.isArray(found)) throw new Error(`the answer has no list at ${path.join('.')}`)
  return found
}

function at(value: unknown, ...path: readonly (string | number)[]): unknown {
  return path.reduce<unknown>(
    (found, key) => (typeof found === 'object' && found !== null ? Reflect.get(found, key) : undefined),
    value,
  )
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    // A proxy in between may answer with a page; the text is all there is to show.
    return { detail: json.slice(0, 200) }
  }
}

const textAt = (value: unknown, key: string): string | undefined => {
  const found = at(value, key)
  return typeof found === 'string' ? found : undefined
}
