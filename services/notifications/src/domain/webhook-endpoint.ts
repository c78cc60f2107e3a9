import { defineError } from '@tradewind/service-kit/errors'

/** A secret as it is kept: sealed. The last one is the newest. */
export interface SealedSecret {
  readonly sealed: string
  /** When it stops signing; missing for the newest. */
  readonly expiresAt?: Date
}

/** Where events are sent to. */
export interface WebhookEndpoint {
  readonly id: string
  readonly url: string
  /** `orders.order.confirmed.v1`, `orders.order.*`, `orders.*` or `*`. */
  readonly eventTypes: readonly string[]
  readonly description: string
  readonly ordered: boolean
  readonly active: boolean
  readonly disabledBecause?: DisabledBecause
  /** Since when every attempt failed; missing while it takes what it is sent. */
  readonly failingSince?: Date
  /** Counts what operators changed, from 1: the entity tag. Successes and failures do not count. */
  readonly revision: number
  readonly secrets: readonly SealedSecret[]
  /** One of a bounded number of places, unique among those that are not removed. */
  readonly slot?: number
  readonly removedAt?: Date
}

export type DisabledBecause = 'gone' | 'failing'

export const WebhookNotFound = defineError(
  'NOTIFICATIONS_WEBHOOK_NOT_FOUND',
  'not-found',
  'There is no such webhook endpoint.',
)
export const WebhookChanged = defineError(
  'NOTIFICATIONS_WEBHOOK_CHANGED',
  'precondition-failed',
  'The webhook endpoint was changed meanwhile. Read it again.',
)
export const WebhookUrlRefused = defineError(
  'NOTIFICATIONS_WEBHOOK_URL_REFUSED',
  'invalid',
  'Nothing may be sent to this address.',
)
export const TooManyWebhooks = defineError(
  'NOTIFICATIONS_TOO_MANY_WEBHOOKS',
  'conflict',
  'There are as many webhook endpoints as the system takes. Remove one first.',
)

/** Secrets that sign at once; a rotation beyond drops the oldest before its time. */
const maxSecrets = 3

export type EndpointFields = Pick<WebhookEndpoint, 'url' | 'eventTypes' | 'description' | 'ordered' | 'active'>

export const createEndpoint = (id: string, fields: EndpointFields, sealed: string, slot: number): WebhookEndpoint => ({
  id,
  ...fields,
  revision: 1,
  secrets: [{ sealed }],
  slot,
})

/** Throws `WebhookNotFound` for one that was removed, and `WebhookChanged` for another revision than the expected one. */
export function requireRevision<E extends WebhookEndpoint>(endpoint: E | undefined, expected?: number): E {
  if (endpoint === undefined || endpoint.removedAt !== undefined) throw WebhookNotFound()
  if (expected !== undefined && expected !== endpoint.revision) throw WebhookChanged({ id: endpoint.id, expected })
  return endpoint
}

/** Made active, it begins anew: what it failed before is forgotten. */
export function changeEndpoint(endpoint: WebhookEndpoint, change: Partial<EndpointFields>): WebhookEndpoint {
  const { failingSince, disabledBecause, ...rest } = endpoint
  const health = {
    ...(failingSince !== undefined && { failingSince }),
    ...(disabledBecause !== undefined && { disabledBecause }),
  }
  return { ...rest, ...(change.active === true ? {} : health), ...change, revision: endpoint.revision + 1 }
}

/** The newest secret signs from now on; those before it until `overlapEndsAt`, where they do not end sooner. */
export function rotateSecret(
  endpoint: WebhookEndpoint,
  sealed: string,
  overlapEndsAt: Date,
  now: Date,
): WebhookEndpoint {
  const older = endpoint.secrets
    .map((secret) => ({ ...secret, expiresAt: earlier(secret.expiresAt, overlapEndsAt) }))
    .filter(({ expiresAt }) => expiresAt > now)
  const secrets = [...older, { sealed }].slice(-maxSecrets)
  return { ...endpoint, secrets, revision: endpoint.revision + 1 }
}

const earlier = (one: Date | undefined, other: Date): Date => (one !== undefined && one < other ? one : other)

/** What signs now, the newest first. */
export const signingSecrets = ({ secrets }: WebhookEndpoint, now: Date): string[] =>
  secrets
    .filter(({ expiresAt }) => expiresAt === undefined || expiresAt > now)
    .map(({ sealed }) => sealed)
    .toReversed()

/** Gives up its place and its secrets. */
export function removeEndpoint(endpoint: WebhookEndpoint, now: Date): WebhookEndpoint {
  const { slot: _slot, ...rest } = endpoint
  return { ...rest, active: false, secrets: [], removedAt: now, revision: endpoint.revision + 1 }
}

/** Returns the same object when there was nothing to forget. */
export function noteSuccess(endpoint: WebhookEndpoint): WebhookEndpoint {
  if (endpoint.failingSince === undefined) return endpoint
  const { failingSince: _failingSince, ...rest } = endpoint
  return rest
}

/** Disables it after so long with nothing but failures. Returns the same object when nothing changes. */
export function noteFailure(endpoint: WebhookEndpoint, disableAfterMs: number, now: Date): WebhookEndpoint {
  if (!endpoint.active) return endpoint
  const { failingSince } = endpoint
  if (failingSince === undefined) return { ...endpoint, failingSince: now }
  return now.getTime() - failingSince.getTime() < disableAfterMs ? endpoint : disableEndpoint(endpoint, 'failing')
}

/** Returns the same object when it is not active. */
export const disableEndpoint = (endpoint: WebhookEndpoint, disabledBecause: DisabledBecause): WebhookEndpoint =>
  endpoint.active ? { ...endpoint, active: false, disabledBecause, revision: endpoint.revision + 1 } : endpoint

/** True when an endpoint with these filters is sent events of this type. */
export const isWanted = (filters: readonly string[], eventType: string): boolean =>
  filters.some((filter) => (filter.endsWith('*') ? eventType.startsWith(filter.slice(0, -1)) : filter === eventType))
