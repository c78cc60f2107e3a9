import { hostname } from 'node:os'
import type { Logger } from './log.ts'
import { collectSpans, type Span, traceIdOf } from './trace.ts'

/** Spans are sent this often, many together. */
const sendEveryMs = 1000
/** Spans that wait to be sent. What comes above that is dropped, and the log says how many. */
const maxQueued = 8192
const maxPerRequest = 1024
/** A collector that is away holds up nobody, and the end of the process no longer than this. */
const requestTimeoutMs = 5000

export interface SpanExport {
  /** Base address of an OTLP receiver over HTTP, `http://collector:4318`. */
  readonly endpoint: string
  readonly service: string
  readonly logger: Logger
}

/**
 * Sends every sampled span to an OpenTelemetry collector from now on; the returned function sends the rest and ends it.
 * The libraries are loaded here, so a process that exports nothing does not load them.
 */
export async function exportSpans({ endpoint, service, logger }: SpanExport): Promise<() => Promise<void>> {
  const [{ diag, DiagLogLevel, SpanKind, SpanStatusCode }, { OTLPTraceExporter }, resources, { BatchSpanProcessor }] =
    await Promise.all([
      import('@opentelemetry/api'),
      import('@opentelemetry/exporter-trace-otlp-http'),
      import('@opentelemetry/resources'),
      import('@opentelemetry/sdk-trace'),
    ])
  const warn = (message: string) => logger.warn({ endpoint }, `traces: ${message}`)
  const ignore = () => undefined
  diag.setLogger({ error: warn, warn, info: ignore, debug: ignore, verbose: ignore }, DiagLogLevel.WARN)
  const resource = resources.resourceFromAttributes({
    'service.namespace': 'tradewind',
    'service.name': service,
    'service.instance.id': hostname(),
  })
  const kinds = {
    server: SpanKind.SERVER,
    client: SpanKind.CLIENT,
    producer: SpanKind.PRODUCER,
    consumer: SpanKind.CONSUMER,
  }
  const processor = new BatchSpanProcessor({
    exporter: new OTLPTraceExporter({
      url: `${endpoint.replace(/\/$/, '')}/v1/traces`,
      timeoutMillis: requestTimeoutMs,
    }),
    scheduledDelayMillis: sendEveryMs,
    exportTimeoutMillis: requestTimeoutMs,
    maxQueueSize: maxQueued,
    maxExportBatchSize: maxPerRequest,
  })

  function send({ name, kind, attributes, trace, endedAtMs, durationMs, failed }: Span): void {
    const { traceparent, parentSpanId } = trace
    const traceId = traceIdOf(traceparent)
    const traceFlags = Number.parseInt(traceparent.slice(53), 16)
    processor.onEnd({
      name,
      kind: kinds[kind],
      attributes,
      spanContext: () => ({ traceId, spanId: traceparent.slice(36, 52), traceFlags }),
      ...(parentSpanId !== undefined && { parentSpanContext: { traceId, spanId: parentSpanId, traceFlags } }),
      startTime: toHrTime(endedAtMs - durationMs),
      endTime: toHrTime(endedAtMs),
      duration: toHrTime(durationMs),
      status: { code: failed ? SpanStatusCode.ERROR : SpanStatusCode.UNSET },
      resource,
      instrumentationScope: { name: 'tradewind' },
      ended: true,
      events: [],
      links: [],
      droppedAttributesCount: 0,
      droppedEventsCount: 0,
      droppedLinksCount: 0,
    })
  }

  collectSpans(send)
  return async () => {
    collectSpans(undefined)
    try {
      await processor.shutdown()
    } catch (error) {
      logger.warn({ err: error, endpoint }, 'the last spans could not be sent')
    }
  }
}

/** Seconds and nanoseconds. */
function toHrTime(milliseconds: number): [number, number] {
  const seconds = Math.floor(milliseconds / 1000)
  return [seconds, Math.round((milliseconds - seconds * 1000) * 1_000_000)]
}
