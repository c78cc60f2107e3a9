/** Units set aside for one order. */
export interface Hold {
  readonly orderId: string
  readonly quantity: number
  /** Number of the reservation's plan that it was taken for. */
  readonly plan: number
  /** Of the attempt that took it. A commit sells the one that was confirmed, not what somebody slow took again after it. */
  readonly token?: string
}

/** Of what was rebuilt while it was being taken, by an attempt that only its handler knows. */
export const rebuiltToken = 'rebuilt'

/** True for what stands on a shelf by the attempt that a reservation has confirmed. */
export const isOfAttempt = ({ token }: Pick<Hold, 'token'>, confirmed: string | undefined): boolean =>
  token === confirmed || token === rebuiltToken

/** Below this a list is simply walked. */
const walkedUpTo = 64
/** Holds that are looked through one by one before they are indexed, too. */
const sinceUpTo = 128

interface Known {
  readonly byOrder: ReadonlyMap<string, Hold>
  /** Those that were added after that. */
  readonly since: readonly Hold[]
}

/** What was found out about long lists. A list never changes, so neither does what is known of it. */
const known = new WeakMap<readonly Hold[], Known>()

/** The hold of an order. Thousands may stand on the shelf of a product that everybody wants. */
export function holdOf(holds: readonly Hold[], orderId: string): Hold | undefined {
  if (holds.length <= walkedUpTo) return holds.find((hold) => hold.orderId === orderId)
  let found = known.get(holds)
  if (found === undefined) {
    found = { byOrder: new Map(holds.map((hold) => [hold.orderId, hold])), since: [] }
    known.set(holds, found)
  }
  return found.since.find((hold) => hold.orderId === orderId) ?? found.byOrder.get(orderId)
}

/** One more hold, of an order that has none. */
export function withHold(holds: readonly Hold[], hold: Hold): readonly Hold[] {
  const next = [...holds, hold]
  const before = known.get(holds)
  if (before !== undefined && before.since.length < sinceUpTo) {
    known.set(next, { byOrder: before.byOrder, since: [...before.since, hold] })
  }
  return next
}
