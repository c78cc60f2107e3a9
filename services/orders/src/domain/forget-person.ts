import type { Order, TimelineEntry } from './order.ts'

/** True when nothing is to be delivered, paid or settled any more, so that nobody needs to know whom it is for. */
export const isOver = ({ status, dueAt }: Order): boolean =>
  dueAt === undefined &&
  (status === 'completed' || status === 'rejected' || status === 'cancelled' || status === 'expired')

/** Words that a person wrote, wherever an entry of the timeline repeats them. */
const words = new Set(['words', 'reason', 'note', 'rejection'])

const withoutWords = (entry: TimelineEntry): TimelineEntry => ({
  ...entry,
  data: Object.fromEntries(Object.entries(entry.data).filter(([name]) => !words.has(name))),
})

/**
 * What the books need of an order, without the person: its lines, amounts, tax, number and the country it went to. The
 * customer's id stays; it leads to nobody once the account is gone. Returns the same object when it is so already.
 */
export function forgetPerson(order: Order, now: Date): Order {
  if (order.forgottenAt !== undefined) return order
  const { email: _email, note: _note, shippingAddress, returns, refunds, ...rest } = order
  return {
    ...rest,
    ...(shippingAddress !== undefined && { shippedTo: shippingAddress.country }),
    ...(returns !== undefined && {
      returns: returns.map(({ rejection: _rejection, ...kept }) => ({ ...kept, reason: '' })),
    }),
    ...(refunds !== undefined && { refunds: refunds.map(({ words: _words, ...kept }) => kept) }),
    // A hash of a request with an address could be guessed.
    requestHash: '',
    timeline: order.timeline.map(withoutWords),
    forgottenAt: now,
  }
}
