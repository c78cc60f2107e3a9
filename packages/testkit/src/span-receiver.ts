import { createServer } from 'node:http'
import { text } from 'node:stream/consumers'

/** A span as it was sent, in the JSON encoding of OTLP. */
export interface ReceivedSpan {
  readonly service: string
  readonly traceId: string
  readonly spanId: string
  readonly parentSpanId?: string
  readonly name: string
  readonly startTimeUnixNano: string
  readonly endTimeUnixNano: string
  readonly attributes: readonly { readonly key: string; readonly value: unknown }[]
}

interface TracesRequest {
  readonly resourceSpans: readonly {
    readonly resource: { readonly attributes: readonly { key: string; value: { stringValue?: string } }[] }
    readonly scopeSpans: readonly { readonly spans: readonly Omit<ReceivedSpan, 'service'>[] }[]
  }[]
}

export interface SpanReceiver {
  readonly endpoint: string
  readonly spans: readonly ReceivedSpan[]
  readonly close: () => Promise<void>
}

/** An OTLP receiver over HTTP that keeps what it is sent. */
export async function receiveSpans(): Promise<SpanReceiver> {
  const spans: ReceivedSpan[] = []
  const keep = (path: string | undefined, body: string) => {
    if (path !== '/v1/traces') return
    const { resourceSpans }: TracesRequest = JSON.parse(body)
    for (const { resource, scopeSpans } of resourceSpans) {
      const service = resource.attributes.find(({ key }) => key === 'service.name')?.value.stringValue ?? ''
      spans.push(...scopeSpans.flatMap((scope) => scope.spans.map((span) => ({ ...span, service }))))
    }
  }
  const server = createServer((request, response) => {
    text(request).then(
      (body) => {
        keep(request.url, body)
        response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      },
      (error: unknown) => response.destroy(error instanceof Error ? error : undefined),
    )
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the receiver has no port')
  return {
    endpoint: `http://127.0.0.1:${address.port}`,
    spans,
    close: () => new Promise((resolve) => server.close(() => resolve())),
  }
}
