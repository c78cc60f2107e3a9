import { once } from 'node:events'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'

/** What a request to Stripe's API may meet. `before` and `after` are its effect. */
interface Fault {
  /** Method and path, `POST /v1/payment_intents/.../capture`. */
  readonly on: RegExp
  readonly kind: '500' | 'hang' | 'reset' | '429' | '401'
  readonly when: 'before' | 'after'
}

export interface StripeDouble {
  readonly url: string
  /** Method, path and idempotency key of every request, in order. */
  readonly requests: readonly { readonly call: string; readonly key: string | undefined; readonly replayed: boolean }[]
  readonly intents: ReadonlyMap<string, Intent>
  readonly refunds: Refund[]
  /** For the next request that it fits. */
  readonly fail: (fault: Fault) => void
  /** How refunds that are made from now on end up. */
  refundStatus: Refund['status']
  /** Lets a search not find what is there, as it does for a minute. */
  searchLags: boolean
  readonly stop: () => Promise<void>
}

interface Intent {
  readonly id: string
  readonly created: number
  readonly amount: number
  readonly currency: string
  readonly method: string
  status: string
  received: number
  metadata: Record<string, string>
  declineCode: string | undefined
}
interface Refund {
  readonly id: string
  readonly amount: number
  readonly intent: string
  readonly metadata: Record<string, string>
  status: 'succeeded' | 'pending' | 'failed'
}
interface Answer {
  readonly status: number
  readonly body: unknown
}
type Form = Readonly<Record<string, string>>

const secretKey = 'sk_test_double'

const fault = (status: number, error: Record<string, unknown>): Answer => ({ status, body: { error } })
const invalid = (code: string, message: string, status = 400) =>
  fault(status, { type: 'invalid_request_error', code, message })

/** Cards of Stripe's testing page by how they answer, and one that takes a single capture. */
const declines: Readonly<Record<string, string>> = {
  pm_card_chargeDeclined: 'generic_decline',
  pm_card_chargeDeclinedInsufficientFunds: 'insufficient_funds',
  pm_card_authenticationRequired: 'authentication_required',
}
const singleCapture = 'pm_card_single_capture'

/**
 * The part of Stripe's API that payments uses, over real HTTP, answering with the documented shapes: PaymentIntents with
 * manual capture and multicapture, refunds, search, lists, idempotency keys whose first answer is kept, errors.
 */
export async function startStripeDouble(): Promise<StripeDouble> {
  const intents = new Map<string, Intent>()
  const refunds: Refund[] = []
  const requests: { call: string; key: string | undefined; replayed: boolean }[] = []
  const kept = new Map<string, { request: string; answer: Answer }>()
  const faults: Fault[] = []
  const state: { refundStatus: Refund['status']; searchLags: boolean } = {
    refundStatus: 'succeeded',
    searchLags: false,
  }

  const shownIntent = (intent: Intent) => ({
    id: intent.id,
    object: 'payment_intent',
    amount: intent.amount,
    amount_capturable: intent.status === 'requires_capture' ? intent.amount - intent.received : 0,
    amount_received: intent.received,
    capture_method: 'manual',
    created: intent.created,
    currency: intent.currency,
    last_payment_error:
      intent.declineCode === undefined
        ? null
        : { type: 'card_error', code: 'card_declined', decline_code: intent.declineCode },
    latest_charge: {
      id: `ch_${intent.id}`,
      object: 'charge',
      amount_refunded: refunds
        .filter((one) => one.intent === intent.id && one.status !== 'failed')
        .reduce((sum, one) => sum + one.amount, 0),
      payment_method_details: {
        type: 'card',
        card: { multicapture: { status: intent.method === singleCapture ? 'unavailable' : 'available' } },
      },
    },
    metadata: intent.metadata,
    payment_method: intent.method,
    status: intent.status,
  })
  const shownRefund = ({ id, amount, intent, metadata, status }: Refund) => ({
    id,
    object: 'refund',
    amount,
    payment_intent: intent,
    metadata,
    status,
    ...(status === 'failed' && { failure_reason: 'expired_or_canceled_card' }),
  })

  const metadataIn = (form: Form) =>
    Object.fromEntries(
      Object.entries(form).flatMap(([name, value]) => {
        const key = /^metadata\[(.+)\]$/.exec(name)?.[1]
        return key === undefined ? [] : [[key, value]]
      }),
    )
  const unexpected = (intent: Intent) =>
    fault(400, {
      type: 'invalid_request_error',
      code: 'payment_intent_unexpected_state',
      message: `This PaymentIntent could not be changed because it has a status of ${intent.status}.`,
      payment_intent: shownIntent(intent),
    })

  function create(form: Form): Answer {
    const intent: Intent = {
      id: `pi_${String(intents.size + 1).padStart(8, '0')}`,
      created: Math.floor(Date.now() / 1000),
      amount: Number(form['amount']),
      currency: form['currency'] ?? '',
      method: form['payment_method'] ?? '',
      status: 'requires_confirmation',
      received: 0,
      metadata: metadataIn(form),
      declineCode: undefined,
    }
    if (!intent.method.startsWith('pm_card')) return invalid('resource_missing', 'No such PaymentMethod')
    if (intent.amount < 50) return invalid('amount_too_small', 'Amount must be at least 50 cents')
    intents.set(intent.id, intent)
    return { status: 200, body: shownIntent(intent) }
  }

  function confirm(intent: Intent): Answer {
    if (intent.status !== 'requires_confirmation') return unexpected(intent)
    const declineCode = declines[intent.method]
    if (declineCode === undefined) {
      intent.status = 'requires_capture'
      return { status: 200, body: shownIntent(intent) }
    }
    intent.status = 'requires_payment_method'
    intent.declineCode = declineCode
    const code = declineCode === 'authentication_required' ? declineCode : 'card_declined'
    return fault(402, {
      type: 'card_error',
      code,
      decline_code: declineCode,
      message: 'Your card was declined.',
      payment_intent: shownIntent(intent),
    })
  }

  function capture(intent: Intent, form: Form): Answer {
    if (intent.status !== 'requires_capture') return unexpected(intent)
    const amount =
      form['amount_to_capture'] === undefined ? intent.amount - intent.received : Number(form['amount_to_capture'])
    const isFinal = form['final_capture'] !== 'false'
    if (amount > intent.amount - intent.received) return invalid('amount_too_large', 'More than is capturable')
    if (!isFinal && intent.method === singleCapture) return invalid('parameter_invalid_empty', 'No multicapture')
    if (amount === 0 && intent.received === 0) return invalid('parameter_invalid_integer', 'Nothing was captured')
    intent.received += amount
    intent.metadata = { ...intent.metadata, ...metadataIn(form) }
    if (isFinal || intent.received === intent.amount) intent.status = 'succeeded'
    return { status: 200, body: shownIntent(intent) }
  }

  function cancel(intent: Intent): Answer {
    if (intent.status === 'succeeded' || intent.status === 'canceled') return unexpected(intent)
    intent.status = 'canceled'
    return { status: 200, body: shownIntent(intent) }
  }

  function refund(form: Form): Answer {
    const intent = intents.get(form['payment_intent'] ?? '')
    if (intent === undefined) return invalid('resource_missing', 'No such payment_intent', 404)
    const given = refunds.filter((one) => one.intent === intent.id && one.status !== 'failed')
    const left = intent.received - given.reduce((sum, one) => sum + one.amount, 0)
    const amount = Number(form['amount'])
    if (left === 0) return invalid('charge_already_refunded', 'Charge has already been refunded.')
    if (amount > left) return invalid('amount_too_large', 'Refund amount is greater than unrefunded amount')
    const made: Refund = {
      id: `re_${String(refunds.length + 1).padStart(8, '0')}`,
      amount,
      intent: intent.id,
      metadata: metadataIn(form),
      status: state.refundStatus,
    }
    refunds.push(made)
    return { status: 200, body: shownRefund(made) }
  }

  const list = (data: readonly unknown[], url: string, hasMore = false): Answer => ({
    status: 200,
    body: { object: 'list', url, has_more: hasMore, data },
  })

  function answer(method: string, path: string, form: Form): Answer {
    const [, id = '', what] = /^\/v1\/payment_intents\/([^/]+)(?:\/(\w+))?$/.exec(path) ?? []
    if (method === 'GET' && path === '/v1/payment_intents/search') {
      const paymentId = /metadata\['payment_id'\]:'([^']+)'/.exec(form['query'] ?? '')?.[1]
      const found = [...intents.values()].filter(({ metadata }) => metadata['payment_id'] === paymentId)
      return list(state.searchLags ? [] : found.map(shownIntent), path)
    }
    if (method === 'GET' && path === '/v1/payment_intents') {
      const newestFirst = [...intents.values()].toReversed()
      const from =
        form['starting_after'] === undefined ? 0 : newestFirst.findIndex((one) => one.id === form['starting_after']) + 1
      const since = Number(form['created[gte]'] ?? 0)
      const found = newestFirst.slice(from).filter(({ created }) => created >= since)
      const limit = Number(form['limit'] ?? 10)
      return list(found.slice(0, limit).map(shownIntent), path, found.length > limit)
    }
    if (method === 'GET' && path === '/v1/refunds') {
      return list(refunds.filter((one) => one.intent === form['payment_intent']).map(shownRefund), path)
    }
    if (method === 'POST' && path === '/v1/payment_intents') return create(form)
    if (method === 'POST' && path === '/v1/refunds') return refund(form)
    const intent = intents.get(id)
    if (intent === undefined) return invalid('resource_missing', `No such payment_intent: '${id}'`, 404)
    if (method === 'GET' && what === undefined) return { status: 200, body: shownIntent(intent) }
    if (what === 'confirm') return confirm(intent)
    if (what === 'capture') return capture(intent, form)
    if (what === 'cancel') return cancel(intent)
    return invalid('resource_missing', 'Unrecognized request URL', 404)
  }

  function send(response: ServerResponse, { status, body }: Answer, replayed: boolean) {
    response.writeHead(status, {
      'content-type': 'application/json',
      'request-id': `req_${requests.length}`,
      ...(replayed && { 'idempotent-replayed': 'true' }),
    })
    response.end(JSON.stringify(body))
  }

  const serverFault = fault(500, { type: 'api_error', message: 'An unknown error occurred' })
  const refusals: Readonly<Record<string, Answer>> = {
    '429': fault(429, { type: 'invalid_request_error', code: 'rate_limit', message: 'Too many requests' }),
    '401': fault(401, { type: 'invalid_request_error', message: 'Invalid API Key provided' }),
  }

  async function handle(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const url = new URL(request.url ?? '', 'http://stripe.test')
    const method = request.method ?? ''
    const body = await text(request)
    const form = Object.fromEntries(new URLSearchParams(method === 'GET' ? url.search : body))
    const call = `${method} ${url.pathname}`
    const header = request.headers['idempotency-key']
    const key = typeof header === 'string' ? header : undefined
    const known = key === undefined ? undefined : kept.get(key)
    requests.push({ call, key, replayed: known !== undefined })
    if (request.headers.authorization !== `Bearer ${secretKey}`)
      return send(response, refusals['401'] ?? serverFault, false)
    const index = faults.findIndex(({ on }) => on.test(call))
    const [met] = index < 0 ? [] : faults.splice(index, 1)
    if (met !== undefined && met.kind in refusals) return send(response, refusals[met.kind] ?? serverFault, false)
    if (known !== undefined && met === undefined) {
      const isSame = known.request === `${call} ${body}`
      if (isSame) return send(response, known.answer, true)
      const message =
        'Keys for idempotent requests can only be used with the same parameters they were first used with.'
      return send(response, fault(400, { type: 'idempotency_error', message }), false)
    }
    const hasEffect = met === undefined || met.when === 'after'
    const given = hasEffect ? (known?.answer ?? answer(method, url.pathname, form)) : serverFault
    const told = met?.kind === '500' ? serverFault : given
    // A request that was lost on its way was never begun, so nothing is kept of it.
    if (key !== undefined && (hasEffect || met?.kind === '500'))
      kept.set(key, { request: `${call} ${body}`, answer: told })
    if (met?.kind === 'reset') request.socket.destroy()
    else if (met?.kind !== 'hang') send(response, told, false)
  }

  const server = createServer((request, response) => {
    handle(request, response).catch(() => request.socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('the double has no port')
  return Object.assign(state, {
    url: `http://127.0.0.1:${address.port}`,
    requests,
    intents,
    refunds,
    // The library repeats a request once by itself when its connection was reset, with the same key.
    fail: (next: Fault) => void faults.push(...(next.kind === 'reset' ? [next, next] : [next])),
    stop: async () => {
      server.closeAllConnections()
      server.close()
      await once(server, 'close')
    },
  })
}

export const stripeOptions = ({ url }: StripeDouble) => ({
  secretKey,
  webhookSecret: 'whsec_double',
  apiBase: url,
  timeoutMs: 400,
})
