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
