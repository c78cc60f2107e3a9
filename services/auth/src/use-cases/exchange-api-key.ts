import { changed, unchanged } from '@tradewind/database/decision'
import type { AccessTokens } from '../crypto/access-tokens.ts'
import { accessVersionOf } from '../domain/account.ts'
import { isActive } from '../domain/account-changes.ts'
import { isKeyGood, useApiKey } from '../domain/api-key.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { ApiKeyRepository } from '../store/api-key.repository.ts'

/** An access token that stands for the key with this hash; null when there is no such key, or it is not good any more. */
export type ExchangeApiKey = (keyHash: string) => Promise<string | null>

interface Ports {
  readonly accounts: AccountRepository
  readonly apiKeys: ApiKeyRepository
  readonly accessTokens: AccessTokens
  readonly now: () => Date
}

/** Longer than whoever asked keeps it. */
const lifetimeSeconds = 120

export const makeExchangeApiKey =
  ({ accounts, apiKeys, accessTokens, now }: Ports): ExchangeApiKey =>
  async (keyHash) => {
    const key = await apiKeys.findByHash(keyHash)
    if (key === undefined || !isKeyGood(key, now())) return null
    const account = await accounts.find(key.userId)
    if (account === undefined || !isActive(account)) return null
    if (useApiKey(key, now()) !== key)
      await apiKeys.update(key.id, (before) => {
        const after = useApiKey(before, now())
        return after === before ? unchanged() : changed(after)
      })
    return accessTokens.issue({
      userId: account.id,
      sessionId: key.id,
      roles: account.roles,
      accessVersion: accessVersionOf(account),
      scope: key.scopes,
      lifetimeSeconds,
    })
  }
