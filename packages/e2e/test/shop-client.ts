import { randomUUID } from 'node:crypto'
import { registerRoute, Tokens } from '@tradewind/contracts/auth'
import { Product } from '@tradewind/contracts/catalogue'
import { listStockRoute, StockLevel } from '@tradewind/contracts/inventory'
import { listNotificationsRoute } from '@tradewind/contracts/notifications'
import { getTimelineRoute, Order } from '@tradewind/contracts/orders'
import { listPaymentsRoute } from '@tradewind/contracts/payments'
import { eventually } from '@tradewind/testkit/eventually'
import type { Static, TSchema } from 'typebox'
import { Errors } from 'typebox/value'
import { operator } from './running-system.ts'

export interface Answer {
  readonly status: number
  readonly headers: Headers
  readonly body: unknown
}

export interface Call {
  readonly method?: string
  readonly token?: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
}

/** The body, once it is shown to have the contract's shape. */
export function shaped<S extends TSchema>(schema: S, { status, body }: Answer): Static<S> {
  const [fault] = Errors(schema, body)
  if (fault !== undefined) throw new Error(`${status} ${fault.instancePath} ${fault.message}: ${JSON.stringify(body)}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema has just been checked
  return body as Static<S>
}

export interface OrderRequest {
  readonly sku: string
  readonly quantity?: number
  readonly paymentMethod?: string
  readonly key?: string
  readonly waitSeconds?: number
}

export type Shop = ReturnType<typeof createShop>

/** Speaks to the gateway as a client does, and holds every answer against the contracts. */
export function createShop(gatewayUrl: string) {
  async function call(path: string, { method = 'GET', token, headers = {}, body }: Call = {}): Promise<Answer> {
    const response = await fetch(gatewayUrl + path, {
      method,
      headers: {
        ...(body !== undefined && { 'content-type': 'application/json' }),
        ...(token !== undefined && { authorization: `Bearer ${token}` }),
        ...headers,
      },
      ...(body !== undefined && { body: typeof body === 'string' ? body : JSON.stringify(body) }),
      signal: AbortSignal.timeout(60_000),
    })
    const text = await response.text()
    return { status: response.status, headers: response.headers, body: text === '' ? null : JSON.parse(text) }
  }

  const post = (path: string, body: unknown, options: Call = {}) => call(path, { ...options, method: 'POST', body })

  const newCustomer = async () => {
    const body = { email: `${randomUUID()}@example.com`, password: 'correct horse battery', name: 'Ada' }
    const answer = await post('/v1/auth/register', body)
    const { user, accessToken, refreshToken } = shaped(registerRoute.schema.response[201], answer)
    return { token: accessToken, refreshToken, userId: user.id, email: user.email }
  }

  let operatorToken: Promise<string> | undefined
  const signInOperator = () =>
    (operatorToken ??= post('/v1/auth/login', operator).then((answer) => shaped(Tokens, answer).accessToken))

  /** A new product with one variant and so many units of it at one location. */
  const newProduct = async ({ units, priceMinor = 1999 }: { units: number; priceMinor?: number }) => {
    const token = await signInOperator()
    const sku = `SKU-${randomUUID()}`
    const locationId = 'main'
    await post('/v1/locations', { id: locationId, name: 'Main', priority: 1 }, { token })
    const price = { amountMinor: priceMinor, currency: 'EUR' }
    const body = { title: 'Teapot', category: 'kitchen', variants: [{ sku, title: 'Teapot', price }] }
    const product = shaped(Product, await post('/v1/products', body, { token }))
    if (units > 0) await adjustStock(sku, units)
    // Orders learns of a new product by event.
    const probe = await newCustomer()
    await eventually(async () => (await placeAs(probe.token, { sku, quantity: 10_000 })).status === 201)
    return { sku, locationId, productId: product.id }
  }

  const adjustStock = async (sku: string, delta: number) => {
    const headers = { 'idempotency-key': randomUUID() }
    const body = { sku, locationId: 'main', delta, reason: 'received' }
    const answer = await post('/v1/stock/adjustments', body, { token: await signInOperator(), headers })
    return shaped(StockLevel, answer)
  }

  const placeAs = (token: string, request: OrderRequest): Promise<Answer> => {
    const { sku, quantity = 1, paymentMethod = 'pm_approve', key = randomUUID(), waitSeconds } = request
    const headers = { 'idempotency-key': key, ...(waitSeconds !== undefined && { prefer: `wait=${waitSeconds}` }) }
    return post('/v1/orders', { lines: [{ sku, quantity }], paymentMethod }, { token, headers })
  }

  const readOrder = async (token: string, id: string) => shaped(Order, await call(`/v1/orders/${id}`, { token }))

  const readTimeline = async (token: string, id: string) => {
    const answer = await call(`/v1/orders/${id}/timeline`, { token })
    return shaped(getTimelineRoute.schema.response[200], answer).items
  }

  const readStock = async (sku: string) => {
    const answer = await call(`/v1/stock?sku=${sku}`, { token: await signInOperator() })
    return shaped(listStockRoute.schema.response[200], answer).items
  }

  const readMails = async (orderId: string) => {
    const answer = await call(`/v1/notifications?orderId=${orderId}`, { token: await signInOperator() })
    return shaped(listNotificationsRoute.schema.response[200], answer).items
  }

  const readPayments = async (orderId: string) => {
    const answer = await call(`/v1/payments?orderId=${orderId}`, { token: await signInOperator() })
    return shaped(listPaymentsRoute.schema.response[200], answer).items
  }

  /** Waits until the order's timeline tells of this. */
  const untilTold = (token: string, id: string, type: string, timeoutMs = 15_000) =>
    eventually(async () => (await readTimeline(token, id)).some((entry) => entry.type === type), { timeoutMs })

  return {
    call,
    post,
    newCustomer,
    signInOperator,
    newProduct,
    adjustStock,
    placeAs,
    readOrder,
    readTimeline,
    readStock,
    readMails,
    readPayments,
    untilTold,
  }
}
