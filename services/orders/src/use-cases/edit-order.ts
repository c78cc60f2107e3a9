import { defineError } from '@tradewind/service-kit/errors'
import type { Edit } from '../domain/after-confirmation.ts'
import { editOf, startEdit } from '../domain/edit.ts'
import type { CatalogueRepository } from '../store/catalogue.repository.ts'
import type { StoredOrder } from '../store/order.repository.ts'
import type { CarryOnEdits } from './carry-on-edits.ts'
import type { ChangeOrder, KeyedRequest, Target } from './change-order.ts'

export const OrderChanged = defineError(
  'ORDERS_CHANGED',
  'precondition-failed',
  'The order has changed: its ETag is not the one in If-Match. Read it again.',
)

interface EditCommand {
  /** The wanted end. */
  readonly lines: readonly { readonly sku: string; readonly quantity: number }[]
  /** Refuses when the order has another version; undefined takes any. */
  readonly expectedVersion: number | undefined
}

/** Changes what an order consists of. */
export interface EditOrder {
  /** Throws `OrderChanged` and what `startEdit` throws. */
  readonly edit: (target: Target, keyed: KeyedRequest, command: EditCommand) => ReturnType<ChangeOrder['changeOnce']>
  /** Throws `EditNotFound`. */
  readonly find: (order: StoredOrder, id: string) => Edit
}

interface Ports {
  readonly changes: ChangeOrder
  readonly catalogue: CatalogueRepository
  readonly carryOnEdits: CarryOnEdits
  readonly newId: (prefix: string) => string
}

export const makeEditOrder = ({ changes, catalogue, carryOnEdits, newId }: Ports): EditOrder => ({
  find: editOf,
  edit: async (target, keyed, { lines, expectedVersion }) => {
    const forSale = await catalogue.findForSale(lines.map(({ sku }) => sku))
    const [id, supplementId] = [newId('edt'), newId('ord')]
    const done = await changes.changeOnce(target, keyed, id, (order, author) => {
      if (expectedVersion !== undefined && expectedVersion !== order.version) throw OrderChanged({ orderId: order.id })
      return startEdit(order, { id, supplementId, wanted: lines }, forSale, author, newId)
    })
    await carryOnEdits(target.orderId)
    return done
  },
})
