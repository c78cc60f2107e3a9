import { ApiKeyTokenQueryV1 } from '@tradewind/contracts/api-keys'
import type { Messaging } from '@tradewind/messaging/connection'
import { answerQuery } from '@tradewind/messaging/query'
import type { ExchangeApiKey } from '../use-cases/exchange-api-key.ts'

/** Asking twice gives two tokens, each good for as long as the key is. */
export const answerApiKeyToken = (messaging: Messaging, exchange: ExchangeApiKey): void =>
  answerQuery(messaging, ApiKeyTokenQueryV1, async ({ keyHash }) => ({ accessToken: await exchange(keyHash) }))
