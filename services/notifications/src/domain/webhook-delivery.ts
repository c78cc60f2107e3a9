import { defineError } from '@tradewind/service-kit/errors'

export interface WebhookAttempt {
  readonly at: Date
  /** Missing when no answer came. */
  readonly statusCode?: number
  readonly durationMs: number
  /** The beginning of the answer. */
  readonly response?: string
  readonly error?: string
}

/** One event on its way to one endpoint. Its id follows from both, so that a repeated event finds it. */
export interface WebhookDelivery {
  readonly id: string
  readonly endpointId: string
  readonly eventId: string
  readonly eventType: string
  readonly eventTime: Date
  /** The very bytes that are sent and signed. */
  readonly payload: string
  readonly status: 'pending' | 'delivered' | 'exhausted' | 'cancelled'
  readonly attemptCount: number
  /** The last ones. */
  readonly attempts: readonly WebhookAttempt[]
  /** When the day of attempts began. */
  readonly since: Date
  /** Counts the workers that took it. What an earlier one reports of a failure is late. */
  readonly claim: number
  /** When the next worker may take it; missing at its end. */
  readonly dueAt?: Date
  readonly finishedAt?: Date
}

export const DeliveryNotFound = defineError(
  'NOTIFICATIONS_WEBHOOK_DELIVERY_NOT_FOUND',
  'not-found',
  'There is no such delivery.',
)
export const DeliveryCancelled = defineError(
  'NOTIFICATIONS_WEBHOOK_DELIVERY_CANCELLED',
  'conflict',
  'The delivery was given up together with its endpoint.',
)

/** Longer than an attempt can take: after it, whoever took the delivery is taken for dead. */
export const deliveryLeaseMs = 30_000
/** How long a delivery is tried, counted from its event or from the last wish to send it again. */
export const tryForMs = 24 * 3600 * 1000
const firstRetryMs = 5_000
const retryFactor = 3
const longestRetryMs = 4 * 3600 * 1000
/** Waits differ by up to this part, so that what failed together does not come back together. */
const jitter = 0.2
/** How often a delivery to an endpoint that is not active is looked at. */
const idleMs = 10 * 60 * 1000
export const maxAttemptsKept = 20

export type NewDelivery = Pick<WebhookDelivery, 'id' | 'endpointId' | 'eventId' | 'eventType' | 'eventTime' | 'payload'>

export const createDelivery = (delivery: NewDelivery, now: Date, dueAt: Date): WebhookDelivery => ({
  ...delivery,
  status: 'pending',
  attemptCount: 0,
  attempts: [],
  since: now,
  claim: 0,
  dueAt,
})

/** Gives it to a worker. Returns the same object when it is not to be had. */
export function claimDelivery(delivery: WebhookDelivery, now: Date): WebhookDelivery {
  const { dueAt } = delivery
  if (delivery.status !== 'pending' || dueAt === undefined || dueAt > now) return delivery
  return { ...delivery, claim: delivery.claim + 1, dueAt: after(now, deliveryLeaseMs) }
}

export const isTaken = ({ statusCode = 0 }: WebhookAttempt): boolean => statusCode >= 200 && statusCode < 300
/** RFC 9110: what was there is gone and will not come back. */
export const isGone = ({ statusCode }: WebhookAttempt): boolean => statusCode === 410

/**
 * Writes down an attempt and plans the next. `chance` from 0 to 1 spreads the waits. Returns the same object when the
 * delivery has come to its end, or the attempt failed and somebody else has it by now.
 */
export function recordAttempt(
  delivery: WebhookDelivery,
  claim: number,
  attempt: WebhookAttempt,
  chance: number,
  now: Date,
): WebhookDelivery {
  if (delivery.status !== 'pending' || (delivery.claim !== claim && !isTaken(attempt))) return delivery
  const attemptCount = delivery.attemptCount + 1
  const noted = { ...delivery, attemptCount, attempts: [...delivery.attempts, attempt].slice(-maxAttemptsKept) }
  if (isTaken(attempt)) return ended(noted, 'delivered', now)
  if (isGone(attempt)) return ended(noted, 'exhausted', now)
  const tries = attemptCount - 1
  const waitMs = Math.min(longestRetryMs, firstRetryMs * retryFactor ** Math.min(tries, 20))
  return planned(noted, after(now, waitMs * (1 + jitter * (2 * chance - 1))), now)
}

/** Lets it wait while its endpoint is not active; the day runs on. */
export const postponeDelivery = (delivery: WebhookDelivery, now: Date): WebhookDelivery =>
  delivery.status === 'pending' ? planned(delivery, after(now, idleMs), now) : delivery

/** Returns the same object when it has come to its end before. */
export const cancelDelivery = (delivery: WebhookDelivery, now: Date): WebhookDelivery =>
  delivery.status === 'pending' ? ended(delivery, 'cancelled', now) : delivery

/** Sends it again from now on, for another day. Throws `DeliveryCancelled`. */
export function redeliver(delivery: WebhookDelivery, now: Date): WebhookDelivery {
  if (delivery.status === 'cancelled') throw DeliveryCancelled({ id: delivery.id })
  const { finishedAt: _finishedAt, ...rest } = delivery
  return { ...rest, status: 'pending', attemptCount: 0, since: now, dueAt: now }
}

function planned(delivery: WebhookDelivery, dueAt: Date, now: Date): WebhookDelivery {
  const isOver = dueAt.getTime() - delivery.since.getTime() > tryForMs
  return isOver ? ended(delivery, 'exhausted', now) : { ...delivery, dueAt }
}

function ended(delivery: WebhookDelivery, status: 'delivered' | 'exhausted' | 'cancelled', now: Date): WebhookDelivery {
  const { dueAt: _dueAt, ...rest } = delivery
  return { ...rest, status, finishedAt: now }
}

const after = (now: Date, milliseconds: number): Date => new Date(now.getTime() + Math.round(milliseconds))
