import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify'
import type { Health } from './health.ts'
import type { Metrics } from './metrics.ts'

const requestTimeoutMs = 5_000

/** The operator's side of a process, on a port of its own: is it alive, is it ready, how is it doing. */
export function createAdminServer(health: Health, metrics: Metrics, logger: FastifyBaseLogger): FastifyInstance {
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    requestTimeout: requestTimeoutMs,
    connectionTimeout: 2 * requestTimeoutMs,
    forceCloseConnections: true,
  })
  app.get('/livez', () => ({ status: 'alive' }))
  // `?for=requests` is what decides whether a pod gets them.
  app.get<{ Querystring: { for?: string } }>('/readyz', async (request, reply) => {
    const report = await health.report(request.query.for === 'requests' ? 'requests' : undefined)
    return reply.code(report.status === 'ready' ? 200 : 503).send(report)
  })
  app.get('/metrics', async (_request, reply) =>
    reply.type(metrics.registry.contentType).send(await metrics.registry.metrics()),
  )
  return app
}
