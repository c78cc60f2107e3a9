import type { Stored } from '@tradewind/database/aggregate-store'
import type { Order } from '@tradewind/orders/domain/order.ts'
import { DomainError } from '@tradewind/service-kit/errors'
import type { Chance } from '@tradewind/testkit/chance'
import type { Agenda, Note } from './agenda.ts'
import type { FaultKind } from './faults.ts'
import type { OrdersInMemory } from './orders-in-memory.ts'
import { Killed } from './process.ts'

interface Options {
  readonly chance: Chance
  readonly faults: ReadonlySet<FaultKind>
  readonly agenda: Agenda
  readonly orders: OrdersInMemory
  readonly stored: ReadonlyMap<string, Order & Stored>
  readonly skus: readonly [string, ...string[]]
  readonly discountCode: string
  /** Told of every order that was accepted. */
  readonly accepted: (orderId: string) => void
  readonly note: Note
}

const methods = ['pm_approve', 'pm_approve', 'pm_approve', 'pm_decline'] as const
const comeWithinMs = 10_000
const retryMs = 500
const mostTries = 30
const changeWithinMs = 240_000
const mostChanges = 6

/** Customers who place orders, repeat themselves and change their minds, and operators who ship and give back. */
export function createPeople({ chance, faults, agenda, orders, stored, skus, discountCode, accepted, note }: Options) {
  /** A client tries again as long as it does not know what came of it. A refusal is an answer. */
  function insist(delayMs: number, name: string, request: () => Promise<void>, tries = 0): void {
    agenda.add(delayMs, name, async () => {
      try {
        await request()
      } catch (error) {
        const isRefused = error instanceof DomainError && error.kind !== 'unavailable'
        if (!isRefused && !(error instanceof DomainError) && !(error instanceof Killed)) throw error
        note(() => `  ${isRefused ? 'refused' : 'not answered'}: ${error.message}`)
        if (!isRefused && tries < mostTries) insist(retryMs, name, request, tries + 1)
      }
    })
  }

  function buy(number: number): void {
    const customerId = `usr_${String(chance.integer(1, 3)).padStart(32, '0')}`
    const command = {
      customerId,
      idempotencyKey: `key-${number}`,
      lines: Array.from({ length: chance.integer(1, 2) }, () => ({
        sku: chance.oneOf(skus),
        quantity: chance.integer(1, 3),
      })),
      paymentMethod: chance.oneOf(methods),
      ...(chance.isHit(0.3) && { discountCode }),
    }
    const known = { id: '' }
    const place = async () => {
      const { order } = await orders.place(command)
      known.id = order.id
      accepted(order.id)
    }
    const at = chance.integer(0, comeWithinMs)
    insist(at, `place ${command.idempotencyKey}`, place)
    if (faults.has('duplicates') && chance.isHit(0.3)) {
      insist(at + chance.integer(0, 20), `place ${command.idempotencyKey} again`, place)
    }
    const target = () => ({ orderId: known.id, customerId, operatorId: undefined })
    if (faults.has('cancellations') && chance.isHit(0.3)) {
      insist(at + chance.integer(1, 30_000), `cancel ${command.idempotencyKey}`, async () => {
        if (known.id !== '') await orders.cancel({ ...target(), words: undefined, lineIds: undefined })
      })
    }
    if (!faults.has('changes')) return
    for (let change = chance.integer(0, mostChanges); change > 0; change -= 1) {
      const keyed = { userId: customerId, idempotencyKey: `change-${number}-${change}`, request: 'same' }
      const pick = chance.next()
      const amount = chance.next()
      insist(at + chance.integer(1, changeWithinMs), `change ${command.idempotencyKey}`, () =>
        changeSomething(known.id, keyed, pick, amount),
      )
    }
  }

  /** What an operator may do with an order as it stands; the same choice is made again when it is repeated. */
  async function changeSomething(
    orderId: string,
    keyed: { readonly userId: string; readonly idempotencyKey: string; readonly request: string },
    pick: number,
    amount: number,
  ): Promise<void> {
    const order = stored.get(orderId)
    if (order === undefined) return
    const target = { orderId, customerId: undefined, operatorId: keyed.userId }
    const quantity = 1 + Math.floor(amount * 3)
    const units = order.lines.slice(0, 1).map(({ id: lineId }) => ({ lineId, quantity }))
    const [packing] = (order.fulfilments ?? []).filter(({ status }) => status === 'packing')
    const [shipped] = (order.fulfilments ?? []).filter(({ status }) => status === 'shipped')
    const [asked] = (order.returns ?? []).filter(({ status }) => status === 'requested')
    const [approved] = (order.returns ?? []).filter(({ status }) => status === 'approved')
    const [received] = (order.returns ?? []).filter(({ status }) => status === 'received')
    if (pick < 0.1) await orders.refund(target, keyed, { amountMinor: quantity * 100, reason: 'sorry' })
    else if (pick < 0.25)
      await orders.edits.edit(target, keyed, {
        lines: [{ sku: skus[quantity % skus.length] ?? skus[0], quantity }],
        expectedVersion: undefined,
      })
    else if (pick < 0.3) await orders.cancel({ ...target, words: undefined, lineIds: undefined })
    else if (received !== undefined) await orders.returns.refund(target, keyed, received.id, undefined)
    else if (approved !== undefined) {
      const lines = approved.lines.map(({ lineId, quantity: all }) => ({ lineId, restock: all, writeOff: 0 }))
      await orders.returns.receive(target, keyed, approved.id, { lines, locationId: undefined })
    } else if (asked !== undefined) await orders.returns.approve(target, asked.id)
    else if (shipped !== undefined) await orders.fulfil.deliver(target, shipped.id)
    else if (packing !== undefined) await orders.fulfil.ship(target, keyed, packing.id, undefined)
    else if (order.status === 'fulfilled' || order.status === 'completed')
      await orders.returns.request(target, keyed, units, 'broken')
    else await orders.fulfil.create(target, keyed, units)
  }

  return { buy }
}
