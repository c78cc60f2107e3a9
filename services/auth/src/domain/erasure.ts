import { defineError } from '@tradewind/service-kit/errors'

export type PersonService = 'auth' | 'orders' | 'notifications'

/**
 * How a person is forgotten. Its id is the account's. First the account is closed and nobody acts in its name any more;
 * then every service is told, and asked again until each has confirmed.
 */
export interface Erasure {
  readonly id: string
  /** By which the person sees the receipt without an account. */
  readonly receiptId: string
  readonly status: 'closing' | 'waiting' | 'completed'
  readonly requestedAt: Date
  /** When each service had forgotten the person. */
  readonly doneAt: Readonly<Partial<Record<PersonService, Date>>>
  readonly completedAt?: Date
  readonly reminders: number
  /** When it is looked at again; missing once it is completed. */
  readonly dueAt?: Date
}

export const OpenOrders = defineError(
  'AUTH_OPEN_ORDERS',
  'conflict',
  'There are orders that are not finished. They must be delivered or cancelled first.',
)
export const ErasureNotFound = defineError('AUTH_ERASURE_NOT_FOUND', 'not-found', 'There is no such erasure.')

const participants: readonly PersonService[] = ['auth', 'orders', 'notifications']

/** Access tokens that were given before are refused everywhere within this time; only then is anybody told. */
export const settleMs = 30_000
const firstReminderMs = 60_000
const longestReminderMs = 3_600_000

const after = (now: Date, milliseconds: number) => new Date(now.getTime() + milliseconds)

export const startErasure = (userId: string, receiptId: string, now: Date): Erasure => ({
  id: userId,
  receiptId,
  status: 'closing',
  requestedAt: now,
  doneAt: {},
  reminders: 0,
  dueAt: now,
})

/** The account is closed. Returns the same object when that was so. */
export const accountClosed = (erasure: Erasure, now: Date): Erasure =>
  erasure.doneAt.auth === undefined
    ? { ...erasure, doneAt: { ...erasure.doneAt, auth: now }, dueAt: after(now, settleMs) }
    : erasure

/** The others are told. */
export const othersTold = (erasure: Erasure, now: Date): Erasure => ({
  ...erasure,
  status: 'waiting',
  dueAt: after(now, firstReminderMs),
})

/** The others are asked again, less and less often. */
export const reminded = (erasure: Erasure, now: Date): Erasure => {
  const reminders = erasure.reminders + 1
  return { ...erasure, reminders, dueAt: after(now, Math.min(longestReminderMs, firstReminderMs * 2 ** reminders)) }
}

/** A service has forgotten the person. Returns the same object when it had said so before. */
export function confirmed(erasure: Erasure, service: PersonService, now: Date): Erasure {
  if (erasure.doneAt[service] !== undefined) return erasure
  const doneAt = { ...erasure.doneAt, [service]: now }
  if (participants.some((one) => doneAt[one] === undefined)) return { ...erasure, doneAt }
  const { dueAt: _dueAt, ...rest } = erasure
  return { ...rest, doneAt, status: 'completed', completedAt: now }
}
