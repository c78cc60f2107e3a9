import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { DomainError, defineError } from './errors.ts'
import { maxBodyBytes } from './json-body.ts'
import { problemFrom } from './problem.ts'

export const formMediaType = /^application\/x-www-form-urlencoded *(; *charset *= *"?utf-8"? *)?$/i

const maxFields = 32

const MalformedForm = defineError(
  'MALFORMED_FORM',
  'invalid',
  'The body is not a form in UTF-8, or names a parameter twice.',
)

const utf8 = new TextDecoder('utf-8', { fatal: true })

/** The parameters of a form, each once (RFC 6749, 3.2). An empty one counts as left out. */
export function parseForm(bytes: Buffer): Readonly<Record<string, string>> {
  const fields = new Map<string, string>()
  const pairs = [...new URLSearchParams(decoded(bytes))]
  if (pairs.length > maxFields) throw MalformedForm()
  for (const [name, value] of pairs) {
    if (fields.has(name)) throw MalformedForm()
    fields.set(name, value)
  }
  // Not through assignment, which for `__proto__` would reach the prototype.
  return Object.fromEntries([...fields].filter(([, value]) => value !== ''))
}

function decoded(bytes: Buffer): string {
  try {
    return utf8.decode(bytes)
  } catch (cause) {
    throw MalformedForm({}, { cause })
  }
}

/** Lets the routes of this scope take forms, and nothing else. */
export function acceptForms(scope: FastifyInstance): void {
  scope.removeAllContentTypeParsers()
  scope.addContentTypeParser(
    formMediaType,
    { parseAs: 'buffer', bodyLimit: maxBodyBytes },
    async (_request: FastifyRequest, body: Buffer) => parseForm(body),
  )
}

/** An error named as OAuth names it: `OAUTH_INVALID_GRANT` is `invalid_grant`. */
const oauthPrefix = 'OAUTH_'

function oauthNameOf(error: unknown, status: number): string {
  if (error instanceof DomainError && error.code.startsWith(oauthPrefix))
    return error.code.slice(oauthPrefix.length).toLowerCase()
  return status === 429 ? 'temporarily_unavailable' : 'invalid_request'
}

/** A client that is not who it says is told how to prove it. */
const challengeFor = (error: unknown): Record<string, string> =>
  error instanceof DomainError && error.kind === 'unauthenticated' ? { 'www-authenticate': 'Basic realm="oauth"' } : {}

/** Answers as RFC 6749, 5.2 asks for. Undefined for faults of ours, which are logged and answered as everywhere. */
export function answerOAuthError(
  error: unknown,
  request: FastifyRequest,
  reply: FastifyReply,
): FastifyReply | undefined {
  const { problem, headers } = problemFrom(error, request.url)
  if (problem.status >= 500) return undefined
  const where = problem.errors?.map(({ pointer, detail }) => `${pointer.slice(1)} ${detail}`) ?? []
  // The characters that error_description may have.
  const description = [problem.detail ?? problem.title, ...where]
    .join(' ')
    .replaceAll(/[^\x20-\x21\x23-\x5b\x5d-\x7e]/g, "'")
  return reply
    .code(problem.status)
    .headers({ ...headers, ...challengeFor(error) })
    .header('cache-control', 'no-store')
    .header('content-type', 'application/json; charset=utf-8')
    .serializer(JSON.stringify)
    .send({ error: oauthNameOf(error, problem.status), error_description: description })
}
