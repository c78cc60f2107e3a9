import * as fc from 'fast-check'
import { createShop, type Shop } from '../shop.ts'
import type { Pool } from './arbitrary.ts'
import { createJudge, type FuzzedAnswer } from './judge.ts'
import { type Operation, readOperations } from './operations.ts'
import { type FuzzedRequest, requestTo } from './request.ts'

export interface Finding {
  readonly operation: string
  readonly fault: string
  readonly request: FuzzedRequest
}

export interface FuzzReport {
  readonly requests: number
  readonly operations: number
  /** Answers by status. */
  readonly statuses: Readonly<Record<string, number>>
  readonly findings: readonly Finding[]
}

interface FuzzOptions {
  readonly gatewayUrl: string
  readonly seed: number
  readonly requests: number
  readonly concurrency?: number
}

/** An answer that takes longer is a hang. */
const answerTimeoutMs = 15_000
const mostPerPrefix = 50
const mostFindings = 20
const usesOfArbitrary = 10
const knownId =
  /"((ord|oln|usr|ses|apk|cli|prd|pay|ref|ful|ret|edt|rst|ntf|whe|whd|job|psk|img|loc|trf|rec|dlq|exp)_[A-Za-z0-9]+)"/g
/** The operator's own account is not played with: nobody could sign in any more. */
const isOwnAccount = ({ path }: Operation) => path.startsWith('/v1/auth/') || path.startsWith('/oauth/')

/** Sends requests that the API's own description gives rise to, valid and not, each route in turn, and judges the answers by it. */
export async function fuzz({ gatewayUrl, seed, requests, concurrency = 8 }: FuzzOptions): Promise<FuzzReport> {
  const operations = await readOperations(gatewayUrl)
  const judge = createJudge()
  const shop = createShop(gatewayUrl)
  const pool: Pool = new Map()
  const statuses: Record<string, number> = {}
  const findings: Finding[] = []
  const customer = await shop.newCustomer()
  await shop.newProduct(1_000_000, customer).then((sku) => pool.set('SKU-', [sku]))
  const tokens = createTokens(shop, customer)
  let sent = 0
  const made = new Map<Operation, { readonly arbitrary: fc.Arbitrary<FuzzedRequest>; uses: number }>()
  /** Made anew now and then, with the ids that are known by then; each time would take most of the run. */
  function arbitraryFor(operation: Operation): fc.Arbitrary<FuzzedRequest> {
    const known = made.get(operation)
    const current =
      known !== undefined && known.uses < usesOfArbitrary ? known : { arbitrary: requestTo(operation, pool), uses: 0 }
    current.uses += 1
    made.set(operation, current)
    return current.arbitrary
  }

  async function work(): Promise<void> {
    while (sent < requests && findings.length < mostFindings) {
      const number = sent
      sent += 1
      const operation = operations[number % operations.length]
      if (operation === undefined) throw new Error('the document describes no route')
      const [request] = fc.sample(arbitraryFor(operation), { seed: seed * 1_000_003 + number, numRuns: 1 })
      if (request === undefined) continue
      const authorization = await tokens.choose(operation, seed + number)
      const answer = await send(gatewayUrl, request, authorization)
      const fault = typeof answer === 'string' ? answer : judge(operation, answer)
      if (fault !== undefined) findings.push({ operation: `${operation.method} ${operation.path}`, fault, request })
      if (typeof answer === 'string') continue
      statuses[answer.status] = (statuses[answer.status] ?? 0) + 1
      if (answer.status < 300) remember(pool, answer.text)
      if (answer.status === 401) tokens.distrust(authorization)
    }
  }

  try {
    await Promise.all(Array.from({ length: concurrency }, work))
    return { requests: sent, operations: operations.length, statuses, findings }
  } finally {
    await tokens.settled()
    shop.close()
  }
}

function remember(pool: Pool, text: string): void {
  for (const [, id = '', prefix = ''] of text.matchAll(knownId)) {
    const known = pool.get(`${prefix}_`) ?? []
    if (!known.includes(id)) pool.set(`${prefix}_`, [...known, id].slice(-mostPerPrefix))
  }
}

/** Nobody, a customer, an operator, and one who only says so. */
function createTokens(shop: Shop, first: string) {
  let customer: Promise<string> = Promise.resolve(first)
  let operating: Promise<string> = shop.signInOperator()
  return {
    choose: async (operation: Operation, dice: number): Promise<string | undefined> => {
      const kind = dice % 10
      if (kind === 0 || (operation.isPublic && kind < 8)) return undefined
      if (kind === 1) return 'rubbish'
      return kind < 7 && !isOwnAccount(operation) ? await operating : await customer
    },
    settled: () => Promise.allSettled([customer, operating]),
    /** A request may have ended its own session. */
    distrust: (token: string | undefined): void => {
      const renew = async (known: Promise<string>, next: () => Promise<string>) =>
        (await known) === token ? await next() : await known
      customer = renew(customer, shop.newCustomer)
      operating = renew(operating, shop.signInOperator)
    },
  }
}

/** The answer, or what was in its place. */
async function send(
  gatewayUrl: string,
  { method, path, headers, body }: FuzzedRequest,
  token: string | undefined,
): Promise<FuzzedAnswer | string> {
  const stop = new AbortController()
  const timer = setTimeout(() => stop.abort(), answerTimeoutMs)
  try {
    const response = await fetch(gatewayUrl + path, {
      method,
      redirect: 'manual',
      headers: { ...headers, ...(token !== undefined && { authorization: `Bearer ${token}` }) },
      ...(body !== undefined && method !== 'GET' && { body }),
      signal: stop.signal,
    })
    const mediaType = response.headers.get('content-type') ?? ''
    // A stream goes on for as long as its order does.
    if (mediaType.startsWith('text/event-stream')) {
      await response.body?.cancel()
      return { status: response.status, mediaType, text: '' }
    }
    return { status: response.status, mediaType, text: await response.text() }
  } catch (error) {
    if (stop.signal.aborted) return `no answer within ${answerTimeoutMs} ms`
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    return `no answer: ${cause instanceof Error ? cause.message : String(cause)}`
  } finally {
    clearTimeout(timer)
  }
}
