import { STATUS_CODES } from 'node:http'
import type { Problem } from '@tradewind/contracts/common'
import { DomainError, type ErrorKind, type InputFault, UsedUpLimit } from './errors.ts'

/** The HTTP status of each kind of error. */
export const statusOfKind = {
  invalid: 400,
  unauthenticated: 401,
  forbidden: 403,
  'not-found': 404,
  conflict: 409,
  'precondition-failed': 412,
  unprocessable: 422,
  'too-many-requests': 429,
  unavailable: 503,
} as const satisfies Record<ErrorKind, number>

const defaultRetryAfterSeconds = 1

export interface ProblemAnswer {
  readonly problem: Problem
  readonly headers: Readonly<Record<string, string>>
}

export interface ProblemInput {
  readonly status: number
  readonly code: string
  readonly detail?: string
  readonly instance?: string | undefined
  readonly errors?: readonly InputFault[] | undefined
}

/** Problem details (RFC 9457) with a stable code. */
export function createProblem({ status, code, detail, instance, errors }: ProblemInput): Problem {
  return {
    type: `urn:problem:tradewind:${code.toLowerCase().replaceAll('_', '-')}`,
    title: STATUS_CODES[status] ?? 'Error',
    status,
    ...(detail === undefined ? {} : { detail }),
    ...(instance === undefined ? {} : { instance }),
    code,
    ...(errors === undefined ? {} : { errors: [...errors] }),
  }
}

/** What Fastify itself refuses, by its error code; everything else of status 4xx is a bad request. */
const frameworkProblems: Readonly<Record<string, { code: string; detail: string }>> = {
  FST_ERR_CTP_BODY_TOO_LARGE: { code: 'BODY_TOO_LARGE', detail: 'The body is too large.' },
  FST_ERR_CTP_INVALID_MEDIA_TYPE: { code: 'UNSUPPORTED_MEDIA_TYPE', detail: 'Bodies must be application/json.' },
  FST_ERR_CTP_INVALID_CONTENT_LENGTH: {
    code: 'BAD_CONTENT_LENGTH',
    detail: 'The body is not as long as Content-Length says.',
  },
  FST_ERR_BAD_URL: { code: 'BAD_URL', detail: 'The path is not validly encoded.' },
  FST_ERR_HANDLER_TIMEOUT: { code: 'TIMEOUT', detail: 'The request took too long; it may still take effect.' },
}

const internalProblem = { status: 500, code: 'INTERNAL', detail: 'Something went wrong on our side.' }

/** Turns whatever was thrown into an answer. Nothing internal is in it: an unexpected error is only said to have happened. */
export function problemFrom(error: unknown, instance: string): ProblemAnswer {
  if (error instanceof DomainError) return fromDomainError(error, instance)
  const { statusCode, code } = frameworkFields(error)
  const known = frameworkProblems[code]
  if (known !== undefined && statusCode !== undefined) {
    const headers: Record<string, string> =
      statusCode === 503 ? { 'retry-after': String(defaultRetryAfterSeconds) } : {}
    return { problem: createProblem({ ...known, status: statusCode, instance }), headers }
  }
  if (statusCode !== undefined && statusCode >= 400 && statusCode < 500)
    return {
      problem: createProblem({
        status: statusCode,
        code: 'BAD_REQUEST',
        detail: 'The request is not valid.',
        instance,
      }),
      headers: {},
    }
  return { problem: createProblem({ ...internalProblem, instance }), headers: {} }
}

function fromDomainError(error: DomainError, instance: string): ProblemAnswer {
  const status = statusOfKind[error.kind]
  const problem = createProblem({ status, code: error.code, detail: error.message, instance, errors: error.errors })
  return { problem, headers: headersFor(error) }
}

function headersFor({ kind, code, details }: DomainError): Record<string, string> {
  const { challenge } = details
  if (kind === 'unauthenticated' && typeof challenge === 'string') return { 'www-authenticate': challenge }
  if (kind === 'unauthenticated')
    return { 'www-authenticate': code === 'INVALID_TOKEN' ? 'Bearer error="invalid_token"' : 'Bearer' }
  if (kind !== 'too-many-requests' && kind !== 'unavailable') return {}
  const seconds = details['retryAfterSeconds']
  const retryAfter = String(typeof seconds === 'number' ? Math.ceil(seconds) : defaultRetryAfterSeconds)
  const { limit } = details
  if (!(limit instanceof UsedUpLimit)) return { 'retry-after': retryAfter }
  const { policy, quota, windowSeconds } = limit
  return {
    'retry-after': retryAfter,
    'ratelimit-policy': `"${policy}";q=${quota};w=${windowSeconds}`,
    ratelimit: `"${policy}";r=0;t=${retryAfter}`,
  }
}

function frameworkFields(error: unknown): { statusCode: number | undefined; code: string } {
  if (typeof error !== 'object' || error === null) return { statusCode: undefined, code: '' }
  const statusCode = 'statusCode' in error && typeof error.statusCode === 'number' ? error.statusCode : undefined
  const code = 'code' in error && typeof error.code === 'string' ? error.code : ''
  return { statusCode, code }
}
