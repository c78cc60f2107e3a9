import { Fulfilment, OrderEdit, Return } from '@tradewind/contracts/fulfilment'
import { Order, Saga } from '@tradewind/contracts/orders'
import { newId } from '@tradewind/service-kit/ids'
import type { Answer, Method, Request } from '@tradewind/service-testkit/running-service'
import type { Static, TSchema } from 'typebox'
import { Errors } from 'typebox/value'
import { expect } from 'vitest'
import type { OrdersUnderTest } from './orders-under-test.ts'
import { type OtherServices, playOthers } from './other-services.ts'
import { type Customer, forSale, newCustomer, place } from './participants.ts'

export const operator = { userId: newId('usr'), roles: ['operator'] }

type As = NonNullable<Request['as']>

/** The body, once it is shown to have the contract's shape. */
export function shaped<S extends TSchema>(schema: S, { status, body }: Answer): Static<S> {
  const [fault] = Errors(schema, body)
  if (fault !== undefined) throw new Error(`${status} ${fault.instancePath} ${fault.message}: ${JSON.stringify(body)}`)
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the schema has just been checked
  return body as Static<S>
}

/** A confirmed and paid order with what its customer and operators do to it. */
export interface TestOrder {
  readonly id: string
  readonly customer: Customer
  readonly skus: readonly string[]
  readonly read: () => Promise<Order>
  readonly call: (method: Method, path: string, as: As, body?: unknown, key?: string) => Promise<Answer>
  /** Line ids in the order of the lines. */
  readonly lineIds: () => Promise<string[]>
  readonly pack: (...quantities: readonly number[]) => Promise<Answer>
  /** Packs and sends so many of each line. Answers with the fulfilment. */
  readonly ship: (...quantities: readonly number[]) => Promise<Fulfilment>
  readonly deliver: (fulfilmentId: string) => Promise<Fulfilment>
  readonly edit: (...quantities: readonly (readonly [sku: string, quantity: number])[]) => Promise<Answer>
  readonly cancel: (body?: unknown) => Promise<Answer>
  readonly saga: () => Promise<Saga>
  readonly timeline: () => Promise<{ type: string; data: Record<string, unknown>; traceId?: string }[]>
}

export interface TestShop {
  readonly orders: OrdersUnderTest
  readonly others: OtherServices
  readonly answer: () => Promise<void>
  /** `[units, priceMinor]` per line. */
  readonly confirmed: (...lines: readonly (readonly [number, number])[]) => Promise<TestOrder>
  readonly newSku: (priceMinor: number) => Promise<string>
}

export const editIn = (answer: Answer): OrderEdit => shaped(OrderEdit, answer)
export const returnIn = (answer: Answer): Return => shaped(Return, answer)

export function openShop(orders: OrdersUnderTest): TestShop {
  const others = playOthers(orders)
  const { answer } = others

  async function confirmed(...lines: readonly (readonly [number, number])[]): Promise<TestOrder> {
    const customer = newCustomer()
    const skus: string[] = []
    for (const [, priceMinor] of lines) skus.push(await forSale(orders, priceMinor))
    const wanted = lines.map(([quantity], index) => ({ sku: skus[index] ?? '', quantity }))
    const { id } = shaped(Order, await place(orders, customer, { lines: wanted, paymentMethod: 'pm_approve' }))
    await answer()
    const call: TestOrder['call'] = (method, path, as, body, key = newId('key')) =>
      orders.request(method, `/v1/orders/${id}${path}`, {
        as,
        headers: { 'idempotency-key': key },
        ...(body !== undefined && { body }),
      })
    const read = async () => shaped(Order, await orders.request('GET', `/v1/orders/${id}`, { as: operator }))
    const lineIds = async () => (await read()).lines.map((line) => line.id)
    const pack: TestOrder['pack'] = async (...quantities) => {
      const ids = await lineIds()
      const units = quantities.flatMap((quantity, index) =>
        quantity === 0 ? [] : [{ lineId: ids[index] ?? '', quantity }],
      )
      return call('POST', '/fulfilments', operator, { lines: units })
    }
    const order: TestOrder = {
      id,
      customer,
      skus,
      read,
      call,
      lineIds,
      pack,
      ship: async (...quantities) => {
        const packed = shaped(Fulfilment, await pack(...quantities))
        return shaped(Fulfilment, await call('POST', `/fulfilments/${packed.id}/ship`, operator, {}))
      },
      deliver: async (fulfilmentId) =>
        shaped(Fulfilment, await call('POST', `/fulfilments/${fulfilmentId}/deliver`, operator)),
      edit: (...quantities) =>
        call('POST', '/edits', customer, { lines: quantities.map(([sku, quantity]) => ({ sku, quantity })) }),
      cancel: (body = {}) => call('POST', '/cancel', customer, body),
      saga: async () => shaped(Saga, await orders.request('GET', `/v1/ops/sagas/${id}`, { as: operator })),
      timeline: async () => {
        const { body } = await orders.request('GET', `/v1/orders/${id}/timeline`, { as: customer })
        return JSON.parse(JSON.stringify(body)).items
      },
    }
    expect((await read()).status).toBe('confirmed')
    return order
  }

  return { orders, others, answer, confirmed, newSku: (priceMinor) => forSale(orders, priceMinor) }
}
