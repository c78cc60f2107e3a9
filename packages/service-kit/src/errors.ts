/** What sort of refusal an error is. Only the HTTP server and the event consumers translate it into their own terms. */
export type ErrorKind =
  | 'invalid'
  | 'unauthenticated'
  | 'forbidden'
  | 'not-found'
  | 'conflict'
  | 'precondition-failed'
  | 'unprocessable'
  | 'too-many-requests'
  | 'unavailable'

/** One fault in what a client sent; the pointer is a JSON pointer (RFC 6901) into the body, or `/query/…`, `/params/…`, `/headers/…`. */
export interface InputFault {
  readonly pointer: string
  readonly detail: string
}

export interface ErrorOptions {
  readonly cause?: unknown
  readonly errors?: readonly InputFault[]
}

export type ErrorDetails = Readonly<Record<string, unknown>>

/** A limit of which nothing is left; shown as draft-ietf-httpapi-ratelimit-headers-10 asks. */
export class UsedUpLimit {
  readonly policy: string
  readonly quota: number
  readonly windowSeconds: number

  constructor(policy: string, quota: number, windowSeconds: number) {
    this.policy = policy
    this.quota = quota
    this.windowSeconds = windowSeconds
  }
}

/** An expected refusal with a stable code. `details` are for logs and for the code that catches it; clients never see them. */
export class DomainError extends Error {
  readonly code: string
  readonly kind: ErrorKind
  readonly details: ErrorDetails
  readonly errors: readonly InputFault[] | undefined

  constructor(code: string, kind: ErrorKind, message: string, details: ErrorDetails = {}, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.name = code
    this.code = code
    this.kind = kind
    this.details = details
    this.errors = options.errors
  }
}

export interface ErrorFactory {
  (details?: ErrorDetails, options?: ErrorOptions): DomainError
  readonly code: string
  readonly kind: ErrorKind
  /** True for errors that this factory made. */
  readonly is: (error: unknown) => error is DomainError
}

/**
 * Declares an expected error beside the rule that raises it.
 * `detail` is shown to clients, so it names no internal thing.
 * For `too-many-requests` and `unavailable`, `details.retryAfterSeconds` becomes the Retry-After header, and a
 * `details.limit` of class `UsedUpLimit` the RateLimit headers.
 *
 * @example
 * export const OrderNotFound = defineError('ORDERS_NOT_FOUND', 'not-found', 'There is no such order.')
 * throw OrderNotFound({ orderId })
 */
export function defineError(code: string, kind: ErrorKind, detail: string): ErrorFactory {
  const create = (details?: ErrorDetails, options?: ErrorOptions) =>
    new DomainError(code, kind, detail, details, options)
  const is = (error: unknown): error is DomainError => error instanceof DomainError && error.code === code
  return Object.assign(create, { code, kind, is })
}
