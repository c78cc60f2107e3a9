import { AsyncLocalStorage } from 'node:async_hooks'
import { randomBytes } from 'node:crypto'

export interface TraceContext {
  /** W3C Trace Context header of the current span: `00-<trace id>-<span id>-<flags>`. */
  readonly traceparent: string
  readonly requestId?: string
}

const storage = new AsyncLocalStorage<TraceContext>()

const wellFormed = /^(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-([0-9a-f]{2})$/

/** A new span of the given W3C trace, or the first span of a new one when the header is missing or malformed. */
export function continueTrace(traceparent: string | undefined): string {
  const match = traceparent === undefined ? null : wellFormed.exec(traceparent)
  const traceId = match?.[1] ?? randomBytes(16).toString('hex')
  return `00-${traceId}-${randomBytes(8).toString('hex')}-${match?.[2] ?? '01'}`
}

/** The trace id inside a traceparent. */
export const traceIdOf = (traceparent: string): string => traceparent.slice(3, 35)

export const currentTrace = (): TraceContext | undefined => storage.getStore()

/** The traceparent to send along with whatever the current work causes. */
export const currentTraceparent = (): string | undefined => storage.getStore()?.traceparent

/** Runs `fn` with exactly this context; everything it logs and sends belongs to the trace. */
export const runInTrace = <T>(context: TraceContext, fn: () => T): T => storage.run(context, fn)

/** Continues the W3C trace with a new span, or starts one when the header is missing or malformed, and runs `fn` inside. */
export const runWithTrace = <T>(traceparent: string | undefined, fn: () => T): T =>
  storage.run({ traceparent: continueTrace(traceparent) }, fn)
