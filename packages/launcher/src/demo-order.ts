import { randomBytes, randomUUID } from 'node:crypto'
import { setTimeout as delay } from 'node:timers/promises'
import { type Api, ApiError, listOf, numberOf, textOf } from './http-api.ts'

export interface TimelineStep {
  /** `orders.order.placed` */
  readonly type: string
  /** Since the order was placed. */
  readonly elapsedMs: number
}

export interface DemoOrder {
  readonly id: string
  readonly number: string
  readonly lines: readonly { readonly title: string; readonly quantity: number }[]
  readonly total: string
  readonly steps: readonly TimelineStep[]
}

/** What must have happened before the demo counts as through, and the events that each show it. */
const milestones: Readonly<Record<string, readonly string[]>> = {
  placed: ['orders.order.placed'],
  reserved: ['orders.order.reserved', 'inventory.reservation.held'],
  authorised: ['orders.order.authorized', 'payments.payment.authorized'],
  confirmed: ['orders.order.confirmed'],
  captured: ['payments.payment.captured'],
  'mail sent': ['notifications.notification.sent'],
}

const catalogueTimeoutMs = 20_000
const timelineTimeoutMs = 30_000
const pollMs = 25

/**
 * Registers a customer, places an order of two products through the gateway and waits until it is placed, reserved,
 * authorised, confirmed, captured and announced. Rejects with what is missing when that takes longer than 30 seconds.
 */
export async function placeDemoOrder(gateway: Api): Promise<DemoOrder> {
  const token = await register(gateway)
  const lines = await chooseLines(gateway)
  const order = await place(gateway, token, lines)
  const id = textOf(order, 'id')
  return {
    id,
    number: textOf(order, 'number'),
    lines: listOf(order, 'lines').map((line) => ({
      title: textOf(line, 'title'),
      quantity: numberOf(line, 'quantity'),
    })),
    total: formatMoney(numberOf(order, 'total', 'amountMinor'), textOf(order, 'total', 'currency')),
    steps: await waitForTimeline(gateway, token, id),
  }
}

async function register(gateway: Api): Promise<string> {
  const suffix = randomBytes(4).toString('hex')
  const answer = await gateway('/v1/auth/register', {
    method: 'POST',
    body: {
      email: `ada.${suffix}@example.com`,
      password: randomBytes(18).toString('base64url'),
      name: 'Ada Demo',
    },
  })
  return textOf(answer, 'accessToken')
}

interface Line {
  readonly sku: string
  readonly quantity: number
}

async function chooseLines(gateway: Api): Promise<readonly Line[]> {
  const products = listOf(await gateway('/v1/products?limit=100'), 'items')
  const inStock = products.flatMap((product) =>
    listOf(product, 'variants')
      .filter((variant) => numberOf(variant, 'available') >= 2)
      .slice(0, 1)
      .map((variant) => textOf(variant, 'sku')),
  )
  const [first, second] = inStock
  if (first === undefined || second === undefined) throw new Error('fewer than two products are in stock')
  return [
    { sku: first, quantity: 1 },
    { sku: second, quantity: 2 },
  ]
}

/** Orders learns the catalogue by events, so a product that was created a moment ago may be unknown for a moment. */
async function place(gateway: Api, token: string, lines: readonly Line[]): Promise<unknown> {
  const deadline = performance.now() + catalogueTimeoutMs
  for (;;) {
    try {
      return await gateway('/v1/orders', {
        method: 'POST',
        token,
        idempotencyKey: `demo-${randomUUID()}`,
        body: { lines, paymentMethod: 'pm_approve', note: 'The order that npm start places' },
      })
    } catch (error) {
      const isUnknownProduct = error instanceof ApiError && [404, 409, 422].includes(error.status)
      if (!isUnknownProduct || performance.now() > deadline) throw error
      await delay(pollMs)
    }
  }
}

async function waitForTimeline(gateway: Api, token: string, orderId: string): Promise<readonly TimelineStep[]> {
  const deadline = performance.now() + timelineTimeoutMs
  for (;;) {
    const steps = readSteps(await gateway(`/v1/orders/${orderId}/timeline`, { token }))
    const missing = missingMilestones(steps)
    if (missing.length === 0) return steps
    if (performance.now() > deadline) {
      const seen = steps.map(({ type }) => type).join(', ')
      throw new Error(`order ${orderId} is not through after 30 s: no ${missing.join(', no ')} (seen: ${seen})`)
    }
    await delay(pollMs)
  }
}

/** Names what has not happened yet, in the order in which it should. */
export function missingMilestones(steps: readonly TimelineStep[]): readonly string[] {
  const seen = new Set(steps.map(({ type }) => type))
  return Object.entries(milestones)
    .filter(([, types]) => !types.some((type) => seen.has(type)))
    .map(([name]) => name)
}

/** How a step is called: as its milestone, else by its own type. */
export function stepTitle(type: string): string {
  if (type === 'inventory.reservation.committed') return 'committed'
  return Object.entries(milestones).find(([, types]) => types.includes(type))?.[0] ?? type
}

function readSteps(timeline: unknown): readonly TimelineStep[] {
  const entries = listOf(timeline, 'items').map((entry) => ({
    type: textOf(entry, 'type'),
    at: Date.parse(textOf(entry, 'at')),
  }))
  const placedAt = entries[0]?.at ?? 0
  return entries.map(({ type, at }) => ({ type, elapsedMs: at - placedAt }))
}

const formatMoney = (amountMinor: number, currency: string): string => `${(amountMinor / 100).toFixed(2)} ${currency}`
