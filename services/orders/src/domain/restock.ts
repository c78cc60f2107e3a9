import type { Author, Restock, Units } from './after-confirmation.ts'
import { type Change, entered, type NewId, noChange } from './change.ts'
import type { Order, OrderLine } from './order.ts'

interface Given {
  readonly units: readonly Units[]
  readonly reason: Restock['reason']
  readonly locationId?: string | undefined
}

/** Asks for units to go back on the shelf, from each reservation that they were sold from under an id of its own. */
export function requestRestock(
  order: Order,
  { units, reason, locationId }: Given,
  /** Where the lines are looked up: those of the order before it was changed. */
  lines: readonly OrderLine[],
  author: Author,
  newId: NewId,
): Change {
  const fromOf = new Map(lines.map(({ id, from = order.id }) => [id, from]))
  const bySource = Map.groupBy(
    units.filter(({ quantity }) => quantity > 0),
    ({ lineId }) => fromOf.get(lineId) ?? order.id,
  )
  return [...bySource].reduce<Change>(({ order: before, said }, [from, given]) => {
    const restock: Restock = {
      id: newId('rst'),
      from,
      ...(locationId !== undefined && { locationId }),
      lines: perSku(given),
      reason,
      isDone: false,
    }
    const { id: restockId, lines: back } = restock
    const next = { ...before, restocks: [...(before.restocks ?? []), restock] }
    return {
      order: entered(next, 'units.returned', author, { restockId, lines: back, reason }),
      said: [...said, { type: 'units-returned', restockId }],
    }
  }, noChange(order))
}

function perSku(units: readonly Units[]): { sku: string; quantity: number }[] {
  const sums = new Map<string, number>()
  for (const { sku, quantity } of units) sums.set(sku, (sums.get(sku) ?? 0) + quantity)
  return [...sums].map(([sku, quantity]) => ({ sku, quantity }))
}

/** Inventory has taken the units back, as far as they were this order's. */
export function answerRestock(order: Order, id: string): Order {
  const restock = order.restocks?.find((one) => one.id === id)
  if (restock === undefined || restock.isDone) return order
  return {
    ...order,
    restocks: (order.restocks ?? []).map((one) => (one === restock ? { ...one, isDone: true } : one)),
  }
}
