import { type DestinationStream, type Logger, pino } from 'pino'
import { currentTrace, traceIdOf } from './trace.ts'

export type { Logger } from 'pino'

export const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

const secretFields = [
  'authorization',
  'cookie',
  '["set-cookie"]',
  'password',
  'passwordHash',
  'token',
  'accessToken',
  'refreshToken',
  'access_token',
  'refresh_token',
  'client_secret',
  'client_assertion',
  'code_verifier',
  'secret',
  'clientSecret',
  'privateKey',
  'apiKey',
]
const depths = ['', '*.', '*.*.', '*.*.*.']
const redactedPaths = depths.flatMap((depth) =>
  secretFields.map((field) => (field.startsWith('[') ? `${depth.slice(0, -1)}${field}` : `${depth}${field}`)),
)

export interface LoggerOptions {
  readonly name: string
  readonly level: LogLevel
  /** Where lines go; standard output unless a test listens. */
  readonly destination?: DestinationStream
}

/** JSON lines with ISO times and the current trace; secrets are redacted down to the fourth level of an object. */
export function createLogger({ name, level, destination }: LoggerOptions): Logger {
  const options = {
    name,
    level,
    timestamp: pino.stdTimeFunctions.isoTime,
    formatters: { level: (label: string) => ({ level: label }) },
    redact: { paths: redactedPaths, censor: '[redacted]' },
    mixin() {
      const trace = currentTrace()
      if (trace === undefined) return {}
      const traceId = traceIdOf(trace.traceparent)
      return trace.requestId === undefined ? { traceId } : { traceId, requestId: trace.requestId }
    },
  }
  return destination === undefined ? pino(options) : pino(options, destination)
}

const atMostEveryMs = 1000
const lastWarnings = new WeakMap<object, Map<string, { readonly at: number; unsaid: number }>>()

/**
 * Warns of something expected that comes in thousands when it comes at all: one line per code and second, without a stack,
 * with how many there were since the line before.
 */
export function warnSparingly(
  logger: Pick<Logger, 'warn'>,
  code: string,
  error: unknown,
  fields: Readonly<Record<string, unknown>>,
  message: string,
): void {
  const warnings = lastWarnings.get(logger) ?? new Map<string, { readonly at: number; unsaid: number }>()
  lastWarnings.set(logger, warnings)
  const last = warnings.get(code)
  const at = performance.now()
  if (last !== undefined && at - last.at < atMostEveryMs) {
    last.unsaid += 1
    return
  }
  warnings.set(code, { at, unsaid: 0 })
  const { cause } = error instanceof Error ? error : {}
  const reason = cause instanceof Error ? cause.message : error instanceof Error ? error.message : String(error)
  logger.warn({ code, reason, ...fields, count: 1 + (last?.unsaid ?? 0) }, message)
}
