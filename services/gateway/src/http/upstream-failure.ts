import type { ServiceName } from '@tradewind/contracts/route'
import { warnSparingly } from '@tradewind/service-kit/log'
import { createProblem } from '@tradewind/service-kit/problem'
import { answerProblem } from '@tradewind/service-kit/server'
import { runInTrace } from '@tradewind/service-kit/trace'
import { errorCodes, type FastifyReply, type FastifyRequest } from 'fastify'

interface Failure {
  readonly status: number
  readonly code: string
  readonly detail: string
}

const unreachable: Failure = {
  status: 503,
  code: 'UPSTREAM_UNAVAILABLE',
  detail: 'The service behind this address is away. The request had no effect.',
}
const brokenOff: Failure = {
  status: 502,
  code: 'UPSTREAM_FAILED',
  detail:
    'The service behind this address broke off. The request may have had an effect; repeat it with the same Idempotency-Key.',
}
const tooSlow: Failure = {
  status: 504,
  code: 'UPSTREAM_TIMEOUT',
  detail:
    'The service behind this address took too long. The request may still have an effect; repeat it with the same Idempotency-Key.',
}
export const tooBusy: Failure = {
  status: 503,
  code: 'UPSTREAM_BUSY',
  detail: 'Too many requests wait for the service behind this address. The request had no effect.',
}

/** Codes of Node and undici by what they say of the request. What is not here was sent and got no answer. */
const failures: Readonly<Record<string, Failure>> = {
  ECONNREFUSED: unreachable,
  EHOSTUNREACH: unreachable,
  ENETUNREACH: unreachable,
  ENOTFOUND: unreachable,
  EAI_AGAIN: unreachable,
  UND_ERR_CONNECT_TIMEOUT: unreachable,
  UND_ERR_HEADERS_TIMEOUT: tooSlow,
  UND_ERR_BODY_TIMEOUT: tooSlow,
  TimeoutError: tooSlow,
}

/** The connection could not be made, or ended before anything of the answer came. */
const connectionLost = new Set(['ECONNREFUSED', 'ECONNRESET', 'EPIPE', 'UND_ERR_SOCKET'])
export const isBrokenOff = (error: unknown): boolean => connectionLost.has(codeOf(error))

const retryAfterSeconds = 1

/** Answers for a service that did not. `error` is the library's, its cause what happened. */
export function answerUpstreamFailure(
  service: ServiceName,
  error: Error,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply {
  const cause = error.cause ?? error
  if (cause instanceof errorCodes.FST_ERR_CTP_BODY_TOO_LARGE)
    return answerProblem(cause, request, reply.header('connection', 'close'))
  const failure = failures[codeOf(cause)] ?? brokenOff
  runInTrace(request.trace, () =>
    warnSparingly(request.log, `${failure.code} ${service}`, cause, { upstream: service }, 'a service did not answer'),
  )
  return answerFailure(failure, request, reply)
}

export function answerFailure(failure: Failure, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const instance = request.url.split('?', 1)[0]
  return reply
    .code(failure.status)
    .header('retry-after', retryAfterSeconds)
    .header('content-type', 'application/problem+json; charset=utf-8')
    .serializer(JSON.stringify)
    .send(createProblem({ ...failure, instance }))
}

const codeOf = (error: unknown): string =>
  error instanceof DOMException
    ? error.name
    : typeof error === 'object' && error !== null && 'code' in error && typeof error.code === 'string'
      ? error.code
      : ''
