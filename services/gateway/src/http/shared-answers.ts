import type { ServiceName } from '@tradewind/contracts/route'
import { isKnown } from '@tradewind/service-kit/conditional'
import type { FastifyReply, FastifyRequest } from 'fastify'
import { LRUCache } from 'lru-cache'
import type { Upstreams } from './forward-route.ts'
import { requestHeaders, responseHeaders } from './forwarded-headers.ts'
import { answerUpstreamFailure, isBrokenOff } from './upstream-failure.ts'

interface Answer {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  /** As text where it is: head and body then leave in one piece. */
  readonly body: Buffer | string
  readonly at: number
  /** How long it is new, and how long after that it may be given while a newer one is on its way, in milliseconds. */
  readonly freshMs: number
  readonly staleMs: number
}

/** Bytes of all kept answers, and of the largest that is kept. */
const maxSize = 32 * 1024 * 1024
const maxEntrySize = 512 * 1024

const plainPath = /^[A-Za-z0-9/_-]+(?:\?|$)/

/** False for a path with dots or escapes, which is not what it seems. It goes the ordinary way, where it is refused or passed on as it is. */
export const isPlainPath = ({ url }: Pick<FastifyRequest, 'url'>): boolean => plainPath.test(url)

interface Options {
  readonly upstreams: Upstreams
  readonly upstreamTimeoutMs: number
}

/**
 * Answers what everybody is answered alike from memory, for as long as its `Cache-Control` allows (RFC 9111, and for
 * `stale-while-revalidate` RFC 5861). Requests for the same that come at once cost the service one. Nothing of who asks goes
 * to the service: no token, no cookie, no condition. The condition is judged here.
 */
export function createSharedAnswers({ upstreams, upstreamTimeoutMs }: Options) {
  const answers = new LRUCache<string, Answer, FastifyRequest>({
    maxSize,
    maxEntrySize,
    sizeCalculation: ({ body }, url) => Buffer.byteLength(body) + url.length + 1024,
    ttl: 1,
    allowStale: true,
    fetchMethod: async (key, _kept, { options, context: request }) => {
      const answer = await ask(key, request)
      options.ttl = Math.max(1, answer.freshMs)
      return answer
    },
  })

  async function ask(key: string, request: FastifyRequest): Promise<Answer> {
    const read = () =>
      fetch(key, {
        headers: headersFor(request),
        redirect: 'manual',
        signal: AbortSignal.timeout(upstreamTimeoutMs),
      })
    const response = await read().catch((error: unknown) => {
      // A service that is being replaced closes connections on which a request may just be on its way.
      if (error instanceof Error && isBrokenOff(error.cause)) return read()
      throw error
    })
    const { status } = response
    const control = response.headers.get('cache-control') ?? ''
    const isKept = status === 200 && /(?:^|[,\s])public(?:[,\s]|$)/.test(control)
    return {
      status,
      headers: headersOf(response),
      body: isJson(response) ? await response.text() : Buffer.from(await response.arrayBuffer()),
      at: performance.now(),
      freshMs: isKept ? secondsIn(control, 'max-age') * 1000 : 0,
      staleMs: isKept ? secondsIn(control, 'stale-while-revalidate') * 1000 : 0,
    }
  }

  return async (service: ServiceName, request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const key = upstreams[service] + request.url
    const kept = answers.peek(key, { allowStale: true })
    const isTooOld = kept !== undefined && performance.now() - kept.at > kept.freshMs + kept.staleMs
    if (isTooOld) answers.delete(key)
    const forceRefresh = /no-cache/.test(request.headers['cache-control'] ?? '')
    try {
      const answer = await answers.forceFetch(key, { context: request, forceRefresh, allowStale: !forceRefresh })
      return send(answer, request, reply)
    } catch (error) {
      return answerUpstreamFailure(service, error instanceof Error ? error : new Error(String(error)), request, reply)
    }
  }
}

function send({ status, headers, body, at }: Answer, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  reply.headers(headers).header('age', Math.floor((performance.now() - at) / 1000))
  if (status === 200 && headers['etag'] !== undefined && isKnown(request.headers['if-none-match'], headers['etag'])) {
    return reply.code(304).removeHeader('content-type').send()
  }
  return reply.code(status).send(body)
}

/** Who asks, and on which condition. */
const ofOneRequest = new Set([
  'authorization',
  'cookie',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'prefer',
  'range',
])

/** Of one request for all that wait for its answer: whoever asks first is traced. */
function headersFor(request: FastifyRequest): Record<string, string> {
  const given = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !ofOneRequest.has(name)))
  const headers = Object.entries(requestHeaders(request, given, undefined))
  // The connection's own name is set by whoever opens it.
  return Object.fromEntries(
    headers.flatMap(([name, value]) => (typeof value === 'string' && name !== 'host' ? [[name, value]] : [])),
  )
}

/** Said of this answer; what is said of one request, or of one connection, is not. */
function headersOf({ headers }: Response): Record<string, string> {
  const { 'x-request-id': _requestId, date: _date, 'content-length': _length, ...kept } = Object.fromEntries(headers)
  return Object.fromEntries(Object.entries(responseHeaders(kept)).map(([name, value]) => [name, String(value)]))
}

const isJson = ({ headers }: Response) => /^application\/(?:[a-z]+\+)?json\b/.test(headers.get('content-type') ?? '')

const secondsIn = (control: string, directive: string): number =>
  Number(new RegExp(`(?:^|[,\\s])${directive}=(\\d{1,8})`).exec(control)?.[1] ?? 0)
