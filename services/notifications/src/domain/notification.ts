import { defineError } from '@tradewind/service-kit/errors'
import type { Locale, Template } from './mail-template.ts'
import type { MailFacts } from './mail-view.ts'

export type { Template } from './mail-template.ts'

/** One message about one thing that happened to an order or an account. Its id follows from both, so that a repeated event finds it written. */
export interface Notification {
  readonly id: string
  /** Missing for a mail about an account. */
  readonly orderId?: string
  /** What auth knows a mail about an account by. What it leads to is asked for when it is sent, and is not kept. */
  readonly accountMail?: { readonly userId: string; readonly mailId: string }
  readonly template: Template
  readonly channel: 'email'
  readonly to: string
  readonly subject: string
  readonly text: string
  readonly html?: string
  readonly status: 'queued' | 'sent' | 'failed' | 'suppressed' | 'bounced'
  readonly attempts: number
  readonly sentAt?: Date
  readonly failure?: string
  /** When it is tried next, or taken for left behind; missing once it came to its end. */
  readonly dueAt?: Date
  readonly customerId?: string
  /** Who knows the address; asked one after the other where it is missing. */
  readonly contact?: 'order' | 'account'
  readonly locale?: Locale
  readonly templateVersion?: number
  /** The parcel, return or event that it is about, where an order can have several. */
  readonly about?: string
  /** What it was written with. */
  readonly facts?: MailFacts
  /** Where mails of this kind can be switched off. */
  readonly unsubscribeUrl?: string
  readonly bounce?: { readonly code: string; readonly at: Date }
  /** The one that this is another copy of, and the request that asked for it. */
  readonly resendOf?: string
  /** True once its text and address were forgotten with the person. */
  readonly isForgotten?: boolean
}

export type SuppressedBecause = 'opted_out' | 'undeliverable_address'

export const NotificationNotFound = defineError(
  'NOTIFICATIONS_NOT_FOUND',
  'not-found',
  'There is no such notification.',
)

export const NotificationUnwanted = defineError(
  'NOTIFICATIONS_UNWANTED',
  'conflict',
  'The customer does not want mails of this kind.',
)

export const AccountMailStays = defineError(
  'NOTIFICATIONS_ACCOUNT_MAIL',
  'conflict',
  'A mail about an account is not sent again: its owner asks for another.',
)

/** Attempts before a mail is given up, over about a day. */
export const maxAttempts = 12
const firstRetryMs = 30_000
const longestRetryMs = 4 * 3600 * 1000

export type Draft = Omit<Notification, 'channel' | 'status' | 'attempts' | 'sentAt' | 'failure' | 'dueAt' | 'bounce'>

/** Belongs to whoever writes it for `leaseMs`; after that it counts as left behind. */
export const queueNotification = (draft: Draft, leaseMs: number, now: Date): Notification => ({
  ...draft,
  channel: 'email',
  status: 'queued',
  attempts: 0,
  dueAt: new Date(now.getTime() + leaseMs),
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

/** A mail that is not wanted is kept, so that operators see why it was not sent. */
export const suppressedNotification = (draft: Draft, because: SuppressedBecause): Notification => ({
  ...draft,
  channel: 'email',
  status: 'suppressed',
  attempts: 0,
  failure: because,
})

/** Takes a mail that is due, for `leaseMs`. Returns the same object when it is not to be had. */
export function claimNotification(notification: Notification, leaseMs: number, now: Date): Notification {
  const { status, dueAt } = notification
  if (status !== 'queued' || dueAt === undefined || dueAt > now) return notification
  return { ...notification, dueAt: new Date(now.getTime() + leaseMs) }
}

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

/** The mail server refused it for good. Returns the same object when it was sent or given up before. */
export function markRefused(notification: Notification, code: string, failure: string, now: Date): Notification {
  if (notification.status !== 'queued') return notification
  return markBounced({ ...notification, attempts: notification.attempts + 1, failure }, code, now)
}

/** It came back. Returns the same object when it came back before, or never went out. */
export function markBounced(notification: Notification, code: string, now: Date): Notification {
  if (notification.status !== 'queued' && notification.status !== 'sent') return notification
  const { dueAt: _dueAt, ...rest } = notification
  return { ...rest, status: 'bounced', bounce: { code, at: now } }
}

/** What it was about is over. Returns the same object when it was sent or given up before. */
export function markOutdated(notification: Notification): Notification {
  if (notification.status !== 'queued') return notification
  const { dueAt: _dueAt, ...rest } = notification
  return { ...rest, status: 'failed', failure: 'it is worth nothing any more' }
}
