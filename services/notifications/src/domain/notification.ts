export type Template = 'order-confirmed' | 'order-rejected' | 'order-cancelled' | 'order-expired'

/** One message about one ending of one order. Its id follows from both, so that a repeated event finds it written. */
export interface Notification {
  readonly id: string
  readonly orderId: string
  readonly template: Template
  readonly channel: 'email'
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly status: 'queued' | 'sent' | 'failed'
  readonly attempts: number
  readonly sentAt?: Date
  readonly failure?: string
  /** When it is tried next; missing once it was sent or given up. */
  readonly dueAt?: Date
}

/** Attempts before a mail is given up, over about a day. */
export const maxAttempts = 12
const firstRetryMs = 30_000
const longestRetryMs = 4 * 3600 * 1000

export type Draft = Pick<Notification, 'id' | 'orderId' | 'template' | 'to' | 'subject' | 'text'>

export const queueNotification = (draft: Draft, now: Date): Notification => ({
  ...draft,
  channel: 'email',
  status: 'queued',
  attempts: 0,
  dueAt: now,
})

/** A mail that nobody can be found for is kept as failed, so that the order is not waited for and operators see why. */
export const unaddressedNotification = (draft: Omit<Draft, 'to'>): Notification => ({
  ...draft,
  to: '',
  channel: 'email',
  status: 'failed',
  attempts: 0,
  failure: 'nobody knows an address',
})

/** Returns the same object when it was sent or given up before. */
export function markSent(notification: Notification, now: Date): Notification {
  if (notification.status !== 'queued') return notification
  const { dueAt: _dueAt, failure: _failure, ...rest } = notification
  return { ...rest, status: 'sent', attempts: notification.attempts + 1, sentAt: now }
}

/** Plans the next attempt, or gives up after the last. Returns the same object when it was sent or given up before. */
export function markFailedAttempt(notification: Notification, failure: string, now: Date): Notification {
  if (notification.status !== 'queued') return notification
  const attempts = notification.attempts + 1
  const { dueAt: _dueAt, ...rest } = notification
  if (attempts >= maxAttempts) return { ...rest, status: 'failed', attempts, failure }
  const delayMs = Math.min(longestRetryMs, firstRetryMs * 2 ** (attempts - 1))
  return { ...rest, attempts, failure, dueAt: new Date(now.getTime() + delayMs) }
}
