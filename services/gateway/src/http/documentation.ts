import { createHash } from 'node:crypto'
import swagger from '@fastify/swagger'
import swaggerUi from '@fastify/swagger-ui'
import type { FastifyInstance } from 'fastify'
import type { OpenApiDocument } from '../openapi.ts'

const cacheControl = 'public, max-age=300'

/** The API described: for machines at /openapi.json, for people at /docs, and a signpost at the root. */
export async function serveDocumentation(app: FastifyInstance, document: OpenApiDocument): Promise<void> {
  const json = JSON.stringify(document)
  const etag = `"${createHash('sha256').update(json).digest('base64url')}"`
  await app.register(swagger, { mode: 'static', specification: { document } })
  await app.register(swaggerUi, {
    routePrefix: '/docs',
    uiConfig: { url: '/openapi.json', deepLinking: true, displayRequestDuration: true, persistAuthorization: true },
    logLevel: 'warn',
  })
  app.get('/openapi.json', (request, reply) => {
    reply.header('etag', etag).header('cache-control', cacheControl)
    if (request.headers['if-none-match'] === etag) return reply.code(304).send()
    return reply.type('application/json; charset=utf-8').send(json)
  })
  app.get('/', () => ({
    name: document.info.title,
    version: document.info.version,
    documentation: '/docs',
    openapi: '/openapi.json',
    keys: '/.well-known/jwks.json',
  }))
}
