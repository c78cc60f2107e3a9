import { Stripe } from 'stripe'

export interface StripeOptions {
  readonly secretKey: string
  readonly webhookSecret: string
  /** `https://api.stripe.com`, or where a double of it listens. */
  readonly apiBase: string
  /** How long an answer is waited for. */
  readonly timeoutMs?: number
}

/** Longer than Stripe takes for a card that is asked for at its bank. */
const defaultTimeoutMs = 15_000

/**
 * The library without its own repetitions: what became of a request is asked, and the request is repeated by whoever knows
 * what it was for.
 */
export function createStripeClient({ secretKey, apiBase, timeoutMs = defaultTimeoutMs }: StripeOptions): Stripe {
  const { protocol, hostname, port } = new URL(apiBase)
  return new Stripe(secretKey, {
    maxNetworkRetries: 0,
    timeout: timeoutMs,
    telemetry: false,
    protocol: protocol === 'http:' ? 'http' : 'https',
    host: hostname,
    ...(port !== '' && { port }),
    appInfo: { name: 'tradewind' },
  })
}
