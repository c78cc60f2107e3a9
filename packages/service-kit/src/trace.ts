import { AsyncLocalStorage } from 'node:async_hooks'
import { randomFillSync } from 'node:crypto'

export interface TraceContext {
  /** W3C Trace Context header of the current span: `00-<trace id>-<span id>-<flags>`. */
  readonly traceparent: string
  /** The span that this one continues, 16 hex digits; missing for the first one of a trace. */
  readonly parentSpanId?: string
  readonly requestId?: string
}

/** What a span is about, named by the semantic conventions of OpenTelemetry. Never anything personal: spans leave the house. */
export interface SpanDescription {
  /** `POST /v1/orders`, `process orders.order.placed.v1`. */
  readonly name: string
  readonly kind: 'server' | 'client' | 'producer' | 'consumer'
  readonly attributes: Readonly<Record<string, string | number>>
}

/** A piece of work that has ended. */
export interface Span extends SpanDescription {
  readonly trace: TraceContext
  /** Milliseconds since 1970, with fractions. */
  readonly endedAtMs: number
  readonly durationMs: number
  readonly failed: boolean
}

const storage = new AsyncLocalStorage<TraceContext>()
let collector: ((span: Span) => void) | undefined

const wellFormed = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-((?!0{16})[0-9a-f]{16})-([0-9a-f]{2})$/

const pool = Buffer.alloc(8192)
let taken = pool.length

/** So many random bytes in hexadecimal. Asking the generator for each id costs more than all else about a span. */
function randomHex(bytes: number): string {
  if (taken + bytes > pool.length) {
    randomFillSync(pool)
    taken = 0
  }
  taken += bytes
  return pool.toString('hex', taken - bytes, taken)
}

/** A new span of the given W3C trace, or the first span of a new one when the header is missing or malformed. */
export function continueTrace(traceparent: string | undefined): TraceContext {
  const [, traceId = randomHex(16), parentSpanId, flags = '01'] =
    (traceparent === undefined ? null : wellFormed.exec(traceparent)) ?? []
  return {
    traceparent: `00-${traceId}-${randomHex(8)}-${flags}`,
    ...(parentSpanId !== undefined && { parentSpanId }),
  }
}

/** The trace id inside a traceparent. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35)

export const currentTrace = (): TraceContext | undefined => storage.getStore()

/** The traceparent to send along with whatever the current work causes. */
export const currentTraceparent = (): string | undefined => storage.getStore()?.traceparent

/** Runs `fn` with exactly this context; everything it logs and sends belongs to the trace. */
export const runInTrace = <T>(context: TraceContext, fn: () => T): T => storage.run(context, fn)

/** Hands every span that ends to `collect`. Until then, and after `collectSpans(undefined)`, none is made. */
export function collectSpans(collect: ((span: Span) => void) | undefined): void {
  collector = collect
}

/** Reports a span that has just ended. `describe` is asked only when somebody collects. */
export function endSpan(
  trace: TraceContext,
  outcome: { readonly durationMs: number; readonly failed: boolean },
  describe: () => SpanDescription,
): void {
  collector?.({ ...describe(), ...outcome, trace, endedAtMs: performance.timeOrigin + performance.now() })
}

/** Continues the W3C trace with a new span, or starts one when the header is missing or malformed, and runs `fn` inside. */
export function runInSpan<T>(
  traceparent: string | undefined,
  describe: () => SpanDescription,
  fn: () => Promise<T>,
): Promise<T> {
  const trace = continueTrace(traceparent)
  return storage.run(trace, () => measured(trace, describe, fn))
}

/**
 * Sends something that carries a traceparent: that of a new span, or the given one while nobody collects spans. Without a
 * trace there is nothing to carry.
 */
export function sendInSpan<T>(
  traceparent: string | undefined,
  describe: () => SpanDescription,
  send: (traceparent: string | undefined) => Promise<T>,
): Promise<T> {
  if (collector === undefined || traceparent === undefined) return send(traceparent)
  const trace = continueTrace(traceparent)
  return measured(trace, describe, () => send(trace.traceparent))
}

async function measured<T>(trace: TraceContext, describe: () => SpanDescription, fn: () => Promise<T>): Promise<T> {
  const startedAt = performance.now()
  let failed = true
  try {
    const result = await fn()
    failed = false
    return result
  } finally {
    endSpan(trace, { durationMs: performance.now() - startedAt, failed }, describe)
  }
}
