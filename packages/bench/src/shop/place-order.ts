import { randomUUID } from 'node:crypto'
import { textOf } from '@tradewind/launcher/http-api'
import type { Shop } from './shop.ts'

const mostLines = 3
/** Longer than any of them takes. */
const waitSeconds = 30

export interface PlacedOrder {
  readonly id: string
  readonly token: string
}

/** Places an order of one to three lines; answered as soon as it is accepted. */
export const placeOrder = async (shop: Shop, client: number): Promise<PlacedOrder> =>
  (await place(shop, client, {})).placed

/** Places an order and waits until it is confirmed. Throws when it is not. */
export async function confirmOrder(
  shop: Shop,
  client: number,
  headers: Readonly<Record<string, string>> = {},
): Promise<PlacedOrder> {
  const { placed, status } = await place(shop, client, { prefer: `wait=${waitSeconds}`, ...headers })
  if (status !== 'confirmed') throw new Error(`order ${placed.id} is ${status}`)
  return placed
}

async function place({ api, skus, customers }: Shop, client: number, headers: Readonly<Record<string, string>>) {
  const lines = Array.from({ length: 1 + Math.floor(Math.random() * mostLines) }, () => ({
    sku: skus[Math.floor(Math.random() * skus.length)],
    quantity: 1,
  }))
  const token = customers[client % customers.length] ?? ''
  const order = await api.call('/v1/orders', 201, {
    method: 'POST',
    token,
    headers: { 'idempotency-key': randomUUID(), ...headers },
    body: { lines, paymentMethod: 'pm_approve' },
  })
  return { placed: { id: textOf(order, 'id'), token }, status: textOf(order, 'status') }
}
