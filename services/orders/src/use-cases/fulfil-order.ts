import type { Fulfilment, Tracking } from '../domain/after-confirmation.ts'
import {
  cancelFulfilment,
  createFulfilment,
  deliverFulfilment,
  fulfilmentOf,
  shipFulfilment,
} from '../domain/fulfilment.ts'
import type { StoredOrder } from '../store/order.repository.ts'
import type { ChangeOrder, KeyedRequest, Target } from './change-order.ts'

type Done = ReturnType<ChangeOrder['changeOnce']>

/** Packs, sends and delivers parts of an order. Two requests at once never take more than there is: one document decides. */
export interface FulfilOrder {
  readonly create: (
    target: Target,
    keyed: KeyedRequest,
    lines: readonly { readonly lineId: string; readonly quantity: number }[],
  ) => Done
  readonly ship: (target: Target, keyed: KeyedRequest, id: string, tracking: Tracking | undefined) => Done
  readonly deliver: (target: Target, id: string) => Promise<StoredOrder>
  readonly cancel: (target: Target, id: string) => Promise<StoredOrder>
  /** Throws `FulfilmentNotFound`. */
  readonly find: (order: StoredOrder, id: string) => Fulfilment
}

interface Ports {
  readonly changes: ChangeOrder
  readonly newId: (prefix: string) => string
}

export const makeFulfilOrder = ({ changes: { change, changeOnce }, newId }: Ports): FulfilOrder => ({
  create: (target, keyed, lines) => {
    const id = newId('ful')
    return changeOnce(target, keyed, id, (order, author) => createFulfilment(order, { id, lines }, author))
  },
  ship: (target, keyed, id, tracking) =>
    changeOnce(target, keyed, id, (order, author) => shipFulfilment(order, id, tracking, author)),
  deliver: (target, id) => change(target, (order, author) => deliverFulfilment(order, id, author)),
  cancel: (target, id) => change(target, (order, author) => cancelFulfilment(order, id, author)),
  find: fulfilmentOf,
})
