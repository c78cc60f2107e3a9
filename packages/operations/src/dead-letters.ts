import {
  type DeadLetter,
  getDeadLetterRoute,
  listDeadLettersRoute,
  replayDeadLetterRoute,
} from '@tradewind/contracts/dead-letters'
import type { Static, TSchema } from 'typebox'
import { Check } from 'typebox/value'

export interface ApiOptions {
  /** Of the gateway. */
  readonly url: string
  /** An access token or an API key with `operations:read`, and `operations:write` for what changes something. */
  readonly token: string
}

const answerTimeoutMs = 15_000
const { path } = listDeadLettersRoute

/** The dead letters through the API, which asks for permission and writes down who did what. Throws with what it answered. */
export function openDeadLetterDesk({ url, token }: ApiOptions) {
  async function ask(method: 'GET' | 'POST', at: string, body?: unknown): Promise<unknown> {
    const response = await fetch(`${url}${path}${at}`, {
      method,
      headers: { authorization: `Bearer ${token}`, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
      signal: AbortSignal.timeout(answerTimeoutMs),
    })
    const text = await response.text()
    if (!response.ok) throw new Error(`${method} ${path}${at} answered ${response.status}: ${text}`)
    return text === '' ? null : JSON.parse(text)
  }

  return {
    list: async (): Promise<DeadLetter[]> => {
      const found: DeadLetter[] = []
      let cursor: string | null = null
      do {
        const at: string = cursor === null ? '?limit=100' : `?limit=100&cursor=${cursor}`
        const page = shaped(listDeadLettersRoute.schema.response[200], await ask('GET', at))
        found.push(...page.items)
        cursor = page.nextCursor
      } while (cursor !== null)
      return found
    },
    show: async (id: string) => shaped(getDeadLetterRoute.schema.response[200], await ask('GET', `/${id}`)),
    replay: async (id: string) =>
      shaped(replayDeadLetterRoute.schema.response[200], await ask('POST', `/${id}/replay`)),
    discard: async (id: string, reason: string) => {
      await ask('POST', `/${id}/discard`, { reason })
    },
  }
}

function shaped<S extends TSchema>(schema: S, body: unknown): Static<S> {
  if (!Check(schema, body)) throw new Error(`the API answered something else: ${JSON.stringify(body)}`)
  return body
}
