import type { IncomingHttpHeaders } from 'node:http'
import { defineError } from '@tradewind/service-kit/errors'
import type { ClientProof } from '../use-cases/authenticate-client.ts'

const TwoProofs = defineError('OAUTH_INVALID_REQUEST', 'invalid', 'A client proves who it is in one way at a time.')

interface ProofFields {
  readonly client_id?: string
  readonly client_secret?: string
  readonly client_assertion?: string
  readonly client_assertion_type?: string
}

const basic = /^Basic ([A-Za-z0-9+/]{1,1024}={0,2})$/i

/** How a client proves who it is: HTTP Basic with both parts form-encoded (RFC 6749, 2.3.1), or in the body. */
export function proofIn({ headers }: { readonly headers: IncomingHttpHeaders }, body: ProofFields): ClientProof {
  const { client_id: clientId, client_secret: secret, client_assertion: assertion } = body
  if ((assertion === undefined) !== (body.client_assertion_type === undefined)) throw TwoProofs()
  const credentials = basic.exec(headers.authorization ?? '')?.[1]
  if (credentials === undefined) return { clientId, secret, assertion }
  if (secret !== undefined || assertion !== undefined) throw TwoProofs()
  const [id = '', ...rest] = Buffer.from(credentials, 'base64').toString().split(':')
  const named = decodedPart(id)
  if (clientId !== undefined && clientId !== named) throw TwoProofs()
  return { clientId: named, secret: decodedPart(rest.join(':')) }
}

/** Through a form with one field, which decodes as the specification says and refuses nothing. */
const decodedPart = (part: string): string =>
  new URLSearchParams(`part=${part.replaceAll('&', '%26')}`).get('part') ?? ''
