import swagger from '@fastify/swagger'
import { Problem } from '@tradewind/contracts/common'
import {
  delegable,
  forMachines,
  meaningOf,
  type Permission,
  permissionsOf,
  roleNames,
} from '@tradewind/contracts/permissions'
import {
  type Access,
  permissionFor,
  type RecentSignIn,
  type RouteContract,
  type UploadSchema,
} from '@tradewind/contracts/route'
import { fastify } from 'fastify'
import type { OpenAPIV3 } from 'openapi-types'

/** The libraries type a served document as 3.0; only what both versions have is used by name. */
export type OpenApiDocument = OpenAPIV3.Document

const info = {
  title: 'Tradewind',
  version: '1.0.0',
  description:
    'Orders that are never lost, never oversold and never charged twice. Errors are problem details (RFC 9457) with a stable `code`.',
  license: { name: 'Apache-2.0', identifier: 'Apache-2.0' },
}
const securitySchemes = {
  bearer: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'JWT',
    description: 'An access token: EdDSA, ten minutes, refused within moments of its revocation.',
  },
  apiKey: {
    type: 'http',
    scheme: 'bearer',
    bearerFormat: 'twk_…',
    description: 'An API key in place of an access token. It may do what its scopes name, of what its owner may.',
  },
  oauth: {
    type: 'oauth2',
    description: 'Scopes are permissions; what a token may do is what both its scope and its roles permit.',
    flows: {
      clientCredentials: {
        tokenUrl: '/oauth/token',
        scopes: Object.fromEntries(forMachines.map((name) => [name, meaningOf(name)])),
      },
      authorizationCode: {
        authorizationUrl: '/oauth/authorize',
        tokenUrl: '/oauth/token',
        refreshUrl: '/oauth/token',
        scopes: Object.fromEntries(delegable.map((name) => [name, meaningOf(name)])),
      },
    },
  },
} as const

/** What a route takes: any of these. Scopes are named where the route asks for a permission that a scope can give. */
function securityOf(access: Access) {
  if (access === 'public') return []
  const permission = permissionFor(access) ?? 'own:use'
  if (!delegable.includes(permission)) return [{ bearer: [] }]
  return [{ bearer: [] }, { apiKey: [] }, { oauth: [permission] }]
}

/** One OpenAPI 3.1 document of all routes, made from their contracts. */
export async function createOpenApiDocument(routes: readonly RouteContract[]): Promise<OpenApiDocument> {
  const app = fastify({ exposeHeadRoutes: false })
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info,
      tags: [...new Set(routes.map(({ service }) => service))].map((name) => ({ name })),
      components: {
        securitySchemes,
      },
    },
    convertConstToEnum: false,
  })
  for (const route of routes)
    app.route({
      method: route.method,
      url: route.path,
      schema: describe(route),
      // Only described here, never called.
      validatorCompiler: () => () => true,
      serializerCompiler: () => () => '',
      handler: () => undefined,
    })
  await app.ready()
  const document: unknown = app.swagger()
  await app.close()
  if (!isDocument(document)) throw new Error('no OpenAPI document was made')
  return document
}

const isDocument = (document: unknown): document is OpenApiDocument =>
  typeof document === 'object' && document !== null && 'openapi' in document && 'paths' in document

function describe({ service, method, path, access, schema }: RouteContract) {
  const { response, summary, description, upload, form, recent, ...input } = schema
  const permission = permissionFor(access)
  return {
    ...input,
    ...(form === true && { consumes: ['application/x-www-form-urlencoded'] }),
    ...(upload !== undefined && { consumes: upload.mediaTypes, body: uploadBody(upload) }),
    summary,
    ...joined(description, permission && neededFor(permission), recent && recentlySignedIn(recent)),
    operationId: operationId(method, path),
    tags: [service],
    security: securityOf(access),
    response: {
      ...Object.fromEntries(Object.entries(response).map(([status, body]) => [status, described(status, body)])),
      default: {
        description: 'What was wrong, as problem details',
        content: { 'application/problem+json': { schema: Problem } },
      },
    },
  }
}

const file = { type: 'string', format: 'binary' }

const uploadBody = ({ mediaTypes, isOpaque = false }: UploadSchema) =>
  mediaTypes.includes('multipart/form-data') && !isOpaque
    ? { type: 'object', required: ['file'], properties: { file } }
    : file

const joined = (...texts: (string | undefined)[]) => {
  const description = texts.filter((text) => text !== undefined).join(' ')
  return description === '' ? {} : { description }
}

const meanings: Readonly<Record<string, string>> = {
  200: 'Done',
  201: 'Created',
  202: 'Accepted',
  204: 'Done; no body',
  206: 'The part that was asked for',
  304: 'Not changed; no body',
}

function described(status: string, body: object) {
  const description = meanings[status] ?? 'Done'
  const isBinary = 'format' in body && body.format === 'binary'
  return isBinary ? { description, content: { '*/*': { schema: body } } } : { ...body, description }
}

const recentlySignedIn = ({ maxAgeSeconds }: RecentSignIn): string =>
  `Takes a token whose owner showed who he is within the last ${maxAgeSeconds / 60} minutes; else the answer is 401 with the challenge of RFC 9470, and POST /v1/auth/step-up helps.`

/** Which permission it takes, and who has it. */
function neededFor(permission: Permission): string {
  const holders = roleNames.filter((role) => permissionsOf([role]).has(permission))
  return `Needs the permission \`${permission}\` (${meaningOf(permission)}), which these roles have: ${holders.join(', ')}.`
}

/** `POST /v1/orders/:id/cancel` becomes `postOrdersByIdCancel`. */
function operationId(method: string, path: string): string {
  const words = path
    .replace(/^\/v1\//, '/')
    .split(/[/.-]/)
    .filter((word) => word !== '')
    .map((word) => (word.startsWith(':') ? `by-${word.slice(1)}` : word))
    .flatMap((word) => word.split('-'))
  return method.toLowerCase() + words.map((word) => word.charAt(0).toUpperCase() + word.slice(1)).join('')
}
