import type { Order } from './order.ts'

/** Something that another service was asked for and has not answered yet. */
export interface Wish {
  readonly kind: 'capture' | 'refund' | 'restock'
  readonly id: string
}

/** What the order has asked for and nobody has answered. An order that was given up as a whole gets the rest back anyway. */
export function openWishes({ status, fulfilments = [], refunds = [], restocks = [] }: Order): Wish[] {
  const wish = (kind: Wish['kind'], id: string): Wish => ({ kind, id })
  if (status === 'cancelled') return []
  return [
    ...fulfilments.filter(({ capture }) => capture?.isDone === false).map(({ id }) => wish('capture', id)),
    ...refunds.filter((refund) => refund.status === 'requested').map(({ id }) => wish('refund', id)),
    ...restocks.filter(({ isDone }) => !isDone).map(({ id }) => wish('restock', id)),
  ]
}

/** Supplements that are still to be taken over, or to be stopped with their order. */
export const openSupplements = ({ status, supplements = [] }: Order): string[] =>
  supplements
    .filter((one) => (status === 'cancelled' ? one.status !== 'stopped' : one.status === 'asked'))
    .map(({ id }) => id)
