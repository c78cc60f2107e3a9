import { randomUUID } from 'node:crypto'
import { Agent, request as httpRequest, type IncomingHttpHeaders } from 'node:http'
import { eventually } from '@tradewind/testkit/eventually'
import { operator } from './floor.ts'

export interface Answer {
  readonly status: number
  readonly headers: IncomingHttpHeaders
  readonly body: unknown
}

export interface Ask {
  readonly method?: string
  readonly token?: string
  readonly key?: string
  readonly waitSeconds?: number
  readonly body?: unknown
  readonly headers?: Readonly<Record<string, string>>
}

const answerTimeoutMs = 45_000
const locationId = 'main'

/** A client of the gateway with kept-alive connections of its own. */
export function createShop(gatewayUrl: string, connections = 64) {
  const agent = new Agent({ keepAlive: true, maxSockets: connections })

  /** Rejects when there was no answer at all: the connection could not be made, or ended first. */
  const call = (
    path: string,
    { method = 'GET', token, key, waitSeconds, body, headers = {} }: Ask = {},
  ): Promise<Answer> =>
    new Promise((resolve, reject) => {
      const text = body === undefined ? undefined : JSON.stringify(body)
      const request = httpRequest(
        gatewayUrl + path,
        {
          method,
          agent,
          timeout: answerTimeoutMs,
          headers: {
            ...(text !== undefined && {
              'content-type': 'application/json',
              'content-length': Buffer.byteLength(text),
            }),
            ...(token !== undefined && { authorization: `Bearer ${token}` }),
            ...(key !== undefined && { 'idempotency-key': key }),
            ...(waitSeconds !== undefined && { prefer: `wait=${waitSeconds}` }),
            ...headers,
          },
        },
        (response) => {
          const parts: Buffer[] = []
          response.on('data', (part: Buffer) => parts.push(part))
          response.on('error', reject)
          response.on('end', () => {
            const answered = Buffer.concat(parts).toString()
            resolve({
              status: response.statusCode ?? 0,
              headers: response.headers,
              body: answered === '' ? null : JSON.parse(answered),
            })
          })
        },
      )
      request.on('timeout', () => request.destroy(new Error(`no answer within ${answerTimeoutMs} ms`)))
      request.on('error', reject)
      request.end(text)
    })

  const post = (path: string, body: unknown, ask: Ask = {}) => call(path, { ...ask, method: 'POST', body })

  async function must(asked: Promise<Answer>, ...statuses: readonly number[]): Promise<unknown> {
    const answer = await asked
    if (!statuses.includes(answer.status)) throw new Error(`${answer.status} ${JSON.stringify(answer.body)}`)
    return answer.body
  }

  const signInOperator = async () => textAt(await must(post('/v1/auth/login', operator), 200), 'accessToken')

  const newCustomer = async () => {
    const body = { email: `${randomUUID()}@example.com`, password: 'correct horse battery', name: 'Ada' }
    return textAt(await must(post('/v1/auth/register', body), 201), 'accessToken')
  }

  const place = (token: string, lines: readonly Line[], { key, paymentMethod = 'pm_approve', waitSeconds }: Placing) =>
    post('/v1/orders', { lines, paymentMethod }, { token, key, ...(waitSeconds !== undefined && { waitSeconds }) })

  /** A product with so many units, once orders knows of it. */
  const newProduct = async (units: number, probe: string): Promise<string> => {
    const token = await signInOperator()
    const sku = `SKU-${randomUUID()}`
    await must(post('/v1/locations', { id: locationId, name: 'Main', priority: 1 }, { token }), 201, 409)
    const price = { amountMinor: 1999, currency: 'EUR' }
    const variants = [{ sku, title: 'Teapot', price }]
    await must(post('/v1/products', { title: 'Teapot', category: 'kitchen', variants }, { token }), 201)
    const received = { sku, locationId, delta: units, reason: 'received' }
    await must(post('/v1/stock/adjustments', received, { token, key: randomUUID() }), 201)
    await eventually(
      async () => (await place(probe, [{ sku, quantity: 10_000 }], { key: randomUUID() })).status === 201,
      { timeoutMs: 30_000 },
    )
    return sku
  }

  return { call, post, place, signInOperator, newCustomer, newProduct, close: () => agent.destroy() }
}

export type Shop = ReturnType<typeof createShop>

export interface Line {
  readonly sku: string
  readonly quantity: number
}

interface Placing {
  readonly key: string
  readonly paymentMethod?: string
  readonly waitSeconds?: number
}

/** Text in an answer; throws when there is none. */
export function textAt(body: unknown, field: string): string {
  const found: unknown = typeof body === 'object' && body !== null ? Reflect.get(body, field) : undefined
  if (typeof found !== 'string') throw new Error(`the answer has no ${field}: ${JSON.stringify(body)}`)
  return found
}
