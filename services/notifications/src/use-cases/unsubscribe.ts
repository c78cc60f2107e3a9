import type { UnsubscribeTokens } from '../crypto/unsubscribe-tokens.ts'
import type { Category } from '../domain/mail-template.ts'
import { isOptOut, UnsubscribeTokenInvalid } from '../domain/preferences.ts'
import type { CustomerPreferences } from './customer-preferences.ts'

/** What a link in a mail does. Both throw `UnsubscribeTokenInvalid`. */
export interface Unsubscribe {
  readonly check: (token: string) => void
  readonly carryOut: (token: string) => Promise<void>
}

interface Ports {
  readonly tokens: UnsubscribeTokens
  readonly customers: CustomerPreferences
}

export const makeUnsubscribe = ({ tokens, customers }: Ports): Unsubscribe => {
  const opened = (token: string): { userId: string; category: Category } => {
    const { userId, category } = tokens.open(token) ?? {}
    if (userId !== undefined && category !== undefined && isOptOut(category)) return { userId, category }
    throw UnsubscribeTokenInvalid(
      {},
      { errors: [{ pointer: '/query/token', detail: 'is not one that stood in a mail' }] },
    )
  }
  return {
    check: (token) => void opened(token),
    carryOut: async (token) => {
      const { userId, category } = opened(token)
      await customers.optOut(userId, category)
    },
  }
}
