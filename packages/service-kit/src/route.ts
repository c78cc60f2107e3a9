import { Readable } from 'node:stream'
import type { Access, RouteContract, RouteSchema } from '@tradewind/contracts/route'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { type Static, type TSchema, Type } from 'typebox'
import { authenticate, type CallerOf, Forbidden, isAdmitted, requireRecent } from './access.ts'
import { nextPageLink } from './cursor.ts'
import type { InputFault } from './errors.ts'
import { acceptForms } from './form.ts'
import { type OperatorLog, operatorActionOf } from './operator-actions.ts'
import { problemFrom } from './problem.ts'
import { uploadMs } from './slow-bodies.ts'
import type { TokenVerifier } from './tokens.ts'
import { runInTrace } from './trace.ts'
import { acceptUploads, type Upload, uploadOf } from './upload.ts'
import { compile, faultsOf, InvalidInput } from './validation.ts'

/** The type of one part of a request; `Absent` where the contract does not name it. */
type PartOf<S extends RouteSchema, K extends 'params' | 'querystring' | 'headers' | 'body', Absent> = S extends {
  readonly [P in K]: infer T extends TSchema
}
  ? Static<T>
  : Absent

type Nothing = Readonly<Record<string, never>>

export interface RouteInput<S extends RouteSchema, A extends Access> {
  readonly params: PartOf<S, 'params', Nothing>
  readonly query: PartOf<S, 'querystring', Nothing>
  readonly headers: PartOf<S, 'headers', Nothing>
  readonly body: PartOf<S, 'body', null>
  /** The streamed body, where the contract names one. */
  readonly upload: S extends { readonly upload: object } ? Upload : undefined
  /** Who calls; undefined on public routes. */
  readonly caller: CallerOf<A>
  readonly request: FastifyRequest
}

export type StatusOf<S extends RouteSchema> = keyof S['response'] & number

/** An answer with one of the contract's statuses. A body of type null sends none. */
export interface RouteAnswer<S extends RouteSchema, K extends StatusOf<S> = StatusOf<S>> {
  readonly status: K
  readonly body: Static<S['response'][K]>
  readonly headers?: AnswerHeaders
}

/** Several values only where a header may be repeated, `set-cookie` for one. */
export type AnswerHeaders = Readonly<Record<string, string | string[]>>

export type Handler<S extends RouteSchema, A extends Access, K extends StatusOf<S> = StatusOf<S>> = (
  input: RouteInput<S, A>,
) => Promise<RouteAnswer<S, K>> | RouteAnswer<S, K>

/** A contract with the code that answers it; `createServer` registers it. */
export interface ImplementedRoute {
  readonly contract: RouteContract
  readonly register: (app: FastifyInstance, tokens: TokenVerifier, operatorLog?: OperatorLog) => void
}

const noFields = Type.Object({}, { additionalProperties: false })

/**
 * Binds a handler to a contract. The caller is judged before anything else is looked at, then the input is checked
 * against the contract, so the handler sees only what the contract allows, from whom it allows.
 */
export function implementRoute<S extends RouteSchema, A extends Access, K extends StatusOf<S>>(
  contract: RouteContract<S, A>,
  handler: Handler<S, A, K>,
): ImplementedRoute {
  const { schema } = contract
  const isParams = compile<RouteInput<S, A>['params']>(schema.params ?? noFields)
  const isQuery = compile<RouteInput<S, A>['query']>(schema.querystring ?? noFields)
  const isHeaders = compile<RouteInput<S, A>['headers']>(schema.headers ?? noFields)
  const isBody = compile<RouteInput<S, A>['body']>(schema.body ?? Type.Null())
  // A body that requires nothing may be left out.
  const absentBody = schema.body !== undefined && isBody({}) ? {} : null

  const bodyOf = ({ body }: FastifyRequest): unknown => {
    if (schema.upload !== undefined) return null
    return body === undefined ? absentBody : body
  }

  const callerOf = async (tokens: TokenVerifier, request: FastifyRequest): Promise<CallerOf<A>> => {
    const caller = contract.access === 'public' ? undefined : await authenticate(tokens, request)
    if (!isAdmitted(contract.access, caller)) throw Forbidden()
    if (schema.recent !== undefined) requireRecent(schema.recent, caller, tokens.now())
    return caller
  }

  const isUpload = (upload: Upload | undefined): upload is RouteInput<S, A>['upload'] =>
    (upload === undefined) === (schema.upload === undefined)

  const inputOf = async (request: FastifyRequest, caller: CallerOf<A>): Promise<RouteInput<S, A>> => {
    const { params, query } = request
    const headers: unknown = schema.headers === undefined ? {} : request.headers
    const body: unknown = bodyOf(request)
    // Every part is asked, so that the answer names every fault at once.
    const faults: InputFault[] = []
    const paramsValid = isParams(params)
    if (!paramsValid) faults.push(...faultsOf('/params', isParams.errors))
    const queryValid = isQuery(query)
    if (!queryValid) faults.push(...faultsOf('/query', isQuery.errors))
    const headersValid = isHeaders(headers)
    if (!headersValid) faults.push(...faultsOf('/headers', isHeaders.errors))
    const bodyValid = isBody(body)
    if (!bodyValid) faults.push(...faultsOf('', isBody.errors))
    if (!paramsValid || !queryValid || !headersValid || !bodyValid) throw InvalidInput({}, { errors: faults })
    const upload = schema.upload === undefined ? undefined : await uploadOf(request, schema.upload)
    if (!isUpload(upload)) throw InvalidInput()
    return { params, query, headers, body, upload, caller, request }
  }

  /** Writes down before and after what an operator has done; a service without a log does neither. */
  const handleNoted = async (input: RouteInput<S, A>, log: OperatorLog | undefined): Promise<RouteAnswer<S, K>> => {
    const action = log && operatorActionOf(contract, input)
    const finish = action && (await log.begin(action))
    const tell = async (status: number) => {
      try {
        await finish?.(status)
      } catch (error) {
        // It is done, and that it was begun is on record: the log finds what nobody finished.
        input.request.log.warn({ err: error }, 'what came of an operator’s action is not written down yet')
      }
    }
    try {
      const answer = await handler(input)
      await tell(answer.status)
      return answer
    } catch (error) {
      await tell(problemFrom(error, input.request.url).problem.status)
      throw error
    }
  }

  const register = (app: FastifyInstance, tokens: TokenVerifier, operatorLog?: OperatorLog): void => {
    const callers = new WeakMap<FastifyRequest, { readonly caller: CallerOf<A> }>()
    const route: RouteOptions = {
      method: contract.method,
      url: contract.path,
      schema: { response: schema.response },
      onRequest: async (request) => {
        callers.set(request, { caller: await callerOf(tokens, request) })
      },
      handler: async (request, reply) => {
        const admitted = callers.get(request)
        if (admitted === undefined) throw Forbidden()
        const input = await inputOf(request, admitted.caller)
        const answer = await runInTrace(request.trace, () => handleNoted(input, operatorLog))
        const link = nextPageLink(request.url, answer.body)
        if (link !== undefined) reply.header('link', link)
        return send(reply, answer)
      },
    }
    const { upload, form } = schema
    if (form === true)
      app.register(async (scope) => {
        acceptForms(scope)
        scope.route({ ...route, config: { hasOAuthErrors: true } })
      })
    else if (upload === undefined) app.route(route)
    else
      app.register(async (scope) => {
        await acceptUploads(scope, upload)
        scope.route({ ...route, handlerTimeout: uploadMs, config: { isUpload: true } })
      })
  }
  return { contract, register }
}

interface AnyAnswer {
  readonly status: number
  readonly body: unknown
  readonly headers?: AnswerHeaders
}

function send(reply: FastifyReply, { status, body, headers }: AnyAnswer): FastifyReply {
  reply.code(status)
  if (headers !== undefined) reply.headers(headers)
  if (body === null) return reply.send()
  return reply.send(isStream(body) ? Readable.from(body) : body)
}

const isStream = (body: unknown): body is AsyncIterable<unknown> =>
  typeof body === 'object' && body !== null && Symbol.asyncIterator in body
