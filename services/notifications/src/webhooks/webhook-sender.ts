import { type LookupAddress, type LookupOptions, lookup as systemLookup } from 'node:dns'
import { type ClientRequest, request as httpRequest, type RequestOptions } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { isIP, type LookupFunction } from 'node:net'
import { isPublicAddress } from './public-address.ts'

/** From the look-up of the name to the last byte of the answer. */
export const attemptTimeoutMs = 10_000
/** Read of an answer; the rest is cut off. */
export const maxResponseBytes = 64 * 1024
/** Kept of an answer. */
const keptResponseBytes = 1024
const longestError = 200

export interface WebhookRequest {
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string
}

/** What came of an attempt. The status counts, whatever happens to the rest of the answer. */
export interface WebhookAnswer {
  readonly statusCode?: number
  readonly durationMs: number
  readonly response?: string
  readonly error?: string
}

export interface WebhookSender {
  /** Why an address is refused before anything is sent, as far as the address itself shows it. */
  readonly refusal: (url: string) => string | undefined
  /** Never throws. Redirects are not followed. */
  readonly send: (request: WebhookRequest) => Promise<WebhookAnswer>
}

/** Gives the addresses of a name, all of them. */
export type Lookup = (
  hostname: string,
  options: LookupOptions & { all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

export interface WebhookSenderOptions {
  readonly allowHttp: boolean
  readonly allowPrivate: boolean
  /** Any when empty. */
  readonly ports: readonly number[]
  /** For tests; the system's when left out. */
  readonly lookup?: Lookup
  /** For tests: which addresses count as public. */
  readonly isPublic?: (address: string) => boolean
  /** For tests: who else may have signed a certificate. */
  readonly ca?: string
  /** For tests; never longer than `attemptTimeoutMs`. */
  readonly timeoutMs?: number
}

/**
 * Sends to public addresses only. The name is looked up here, every address of it is judged, and the connection goes to
 * exactly the judged ones, so that a name cannot be given another address in between. Each attempt has a connection of
 * its own.
 */
export function createWebhookSender(options: WebhookSenderOptions): WebhookSender {
  const { allowHttp, allowPrivate, ports, ca } = options
  const { lookup = systemLookup, isPublic = isPublicAddress, timeoutMs = attemptTimeoutMs } = options

  const refusal = (text: string): string | undefined => {
    if (!URL.canParse(text)) return 'is not a URL'
    const { protocol, username, password, hostname, port } = new URL(text)
    if (protocol !== 'https:' && !(allowHttp && protocol === 'http:')) return 'must begin with https://'
    if (username !== '' || password !== '') return 'must not carry a user or password'
    if (ports.length > 0 && !ports.includes(portOf(protocol, port))) return 'names a port that is not allowed'
    // The URL parser has turned decimal, octal and hexadecimal forms into the plain one.
    const address = hostname.replace(/^\[|\]$/g, '')
    return isIP(address) !== 0 && !allowPrivate && !isPublic(address) ? notPublic : undefined
  }

  const judgedLookup: LookupFunction = (hostname, given, callback) => {
    lookup(hostname, { ...given, all: true }, (error, addresses) => {
      const [first] = addresses ?? []
      if (error !== null || first === undefined)
        return callback(error ?? new Error(`${hostname} has no address`), '', 0)
      if (!allowPrivate && !addresses.every(({ address }) => isPublic(address)))
        return callback(new Error(notPublic), '', 0)
      if (given.all === true) callback(null, addresses)
      else callback(null, first.address, first.family)
    })
  }

  return {
    refusal,
    send: ({ url, headers, body }) => {
      const refused = refusal(url)
      if (refused !== undefined) return Promise.resolve({ durationMs: 0, error: `the address ${refused}` })
      const settings: RequestOptions & { ca?: string } = {
        method: 'POST',
        headers: { ...headers, 'content-length': Buffer.byteLength(body) },
        lookup: judgedLookup,
        agent: false,
        ...(ca !== undefined && { ca }),
      }
      const request = url.startsWith('https:') ? httpsRequest(url, settings) : httpRequest(url, settings)
      return exchange(request, body, Math.min(timeoutMs, attemptTimeoutMs))
    },
  }
}

const notPublic = 'is not on the public Internet'
const portOf = (protocol: string, port: string): number =>
  port === '' ? (protocol === 'https:' ? 443 : 80) : Number(port)

function exchange(request: ClientRequest, body: string, timeoutMs: number): Promise<WebhookAnswer> {
  const startedAt = performance.now()
  const parts: Buffer[] = []
  let statusCode: number | undefined
  let bytes = 0
  return new Promise((resolve) => {
    const finish = (error: string) => {
      clearTimeout(timer)
      request.destroy()
      const durationMs = Math.round(performance.now() - startedAt)
      if (statusCode === undefined) resolve({ durationMs, error: error.slice(0, longestError) })
      else resolve({ durationMs, statusCode, response: beginningOf(parts) })
    }
    const timer = setTimeout(() => finish(`no answer within ${timeoutMs} ms`), timeoutMs)
    request.on('error', (error) => finish(reasonOf(error)))
    request.on('close', () => finish('the connection ended without an answer'))
    request.on('response', (response) => {
      statusCode = response.statusCode
      response.on('data', (part: Buffer) => {
        parts.push(part)
        bytes += part.length
        if (bytes >= maxResponseBytes) finish('')
      })
      response.on('error', () => finish(''))
      response.on('end', () => finish(''))
    })
    request.end(body)
  })
}

/** A broken sequence of bytes becomes a replacement character. */
const beginningOf = (parts: readonly Buffer[]): string =>
  new TextDecoder().decode(Buffer.concat(parts).subarray(0, keptResponseBytes))

const reasonOf = (error: NodeJS.ErrnoException): string => error.code ?? error.message
