import type { Return } from '../domain/after-confirmation.ts'
import {
  approveReturn,
  type Received,
  receiveReturn,
  refundReturn,
  rejectReturn,
  requestReturn,
  returnOf,
} from '../domain/return.ts'
import type { StoredOrder } from '../store/order.repository.ts'
import type { ChangeOrder, KeyedRequest, Target } from './change-order.ts'

type Done = ReturnType<ChangeOrder['changeOnce']>

/** What customers send back: asked for, judged, received and paid back. */
export interface ReturnUnits {
  readonly request: (
    target: Target,
    keyed: KeyedRequest,
    lines: readonly { readonly lineId: string; readonly quantity: number }[],
    reason: string,
  ) => Done
  readonly approve: (target: Target, id: string) => Promise<StoredOrder>
  readonly reject: (target: Target, id: string, reason: string) => Promise<StoredOrder>
  readonly receive: (target: Target, keyed: KeyedRequest, id: string, received: Received) => Done
  readonly refund: (target: Target, keyed: KeyedRequest, id: string, amountMinor: number | undefined) => Done
  /** Throws `ReturnNotFound`. */
  readonly find: (order: StoredOrder, id: string) => Return
}

interface Ports {
  readonly changes: ChangeOrder
  readonly newId: (prefix: string) => string
  /** How long after its delivery a unit may be sent back. */
  readonly returnDays: number
}

export const makeReturnUnits = ({ changes: { change, changeOnce }, newId, returnDays }: Ports): ReturnUnits => ({
  request: (target, keyed, lines, reason) => {
    const id = newId('ret')
    return changeOnce(target, keyed, id, (order, author) =>
      requestReturn(order, { id, lines, reason }, returnDays, author),
    )
  },
  approve: (target, id) => change(target, (order, author) => approveReturn(order, id, author)),
  reject: (target, id, reason) => change(target, (order, author) => rejectReturn(order, id, reason, author)),
  receive: (target, keyed, id, received) =>
    changeOnce(target, keyed, id, (order, author) => receiveReturn(order, id, received, author, newId)),
  refund: (target, keyed, id, amountMinor) =>
    changeOnce(target, keyed, id, (order, author) => refundReturn(order, id, amountMinor, author, newId)),
  find: returnOf,
})
