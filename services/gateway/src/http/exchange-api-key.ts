import { createHash } from 'node:crypto'
import { apiKeyForm } from '@tradewind/contracts/api-keys'
import { defineError } from '@tradewind/service-kit/errors'
import { InvalidToken } from '@tradewind/service-kit/tokens'
import { LRUCache } from 'lru-cache'

/** Asks auth for an access token that stands for the key with this SHA-256 hash; null when there is no such key. */
export type AskForToken = (keyHash: string) => Promise<string | null>

/** The Authorization header that goes on to a service: of an API key the access token that stands for it. */
export type ExchangeApiKey = (authorization: string) => Promise<string>

const TooManyExchanges = defineError(
  'API_KEYS_BUSY',
  'unavailable',
  'Too many API keys are being checked at the moment. Try again in a moment.',
)

/** As long as a key that was ended might be accepted if nobody said so, and a new one refused that was tried too early. */
const keptMs = 30_000
const refusalKeptMs = 2_000
const maxKept = 10_000
/** Questions to auth under way at once. */
const maxAsked = 64

const bearerKey = /^Bearer (twk_.*)$/i

export const isApiKey = (authorization: string): boolean => bearerKey.test(authorization)

/** Keys themselves are neither kept nor sent on: everything goes by their hash. Throws InvalidToken for what is no key. */
export function createApiKeyExchange(ask: AskForToken, now: () => number = Date.now): ExchangeApiKey {
  const kept = new LRUCache<string, { readonly token: string | null; readonly until: number }>({ max: maxKept })
  const asked = new Map<string, Promise<string | null>>()

  async function askOnce(keyHash: string): Promise<string | null> {
    const running = asked.get(keyHash)
    if (running !== undefined) return await running
    if (asked.size >= maxAsked) throw TooManyExchanges()
    const answer = ask(keyHash).finally(() => asked.delete(keyHash))
    asked.set(keyHash, answer)
    const token = await answer
    kept.set(keyHash, { token, until: now() + (token === null ? refusalKeptMs : keptMs) })
    return token
  }

  return async (authorization) => {
    const key = bearerKey.exec(authorization)?.[1]
    if (key === undefined) return authorization
    if (!apiKeyForm.test(key)) throw InvalidToken({ reason: 'not an API key' })
    const keyHash = createHash('sha256').update(key).digest('base64url')
    const known = kept.get(keyHash)
    const token = known !== undefined && known.until > now() ? known.token : await askOnce(keyHash)
    if (token === null) throw InvalidToken({ reason: 'no such API key' })
    return `Bearer ${token}`
  }
}
