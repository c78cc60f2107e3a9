import { defineError } from '@tradewind/service-kit/errors'
import type { Category, Locale } from './mail-template.ts'

/** How a customer wants to be written to. Its id is the customer's. */
export interface Preferences {
  readonly id: string
  /** Missing where the customer never said. */
  readonly locale?: Locale
  readonly optOuts: readonly Category[]
}

export const PreferencesChanged = defineError(
  'NOTIFICATIONS_PREFERENCES_CHANGED',
  'precondition-failed',
  'The preferences were changed meanwhile. Read them again.',
)
export const UnsubscribeTokenInvalid = defineError(
  'NOTIFICATIONS_UNSUBSCRIBE_TOKEN_INVALID',
  'invalid',
  'This link is not one that stood in a mail.',
)

export const isOptOut = (text: string): text is Category =>
  text === 'shipping' || text === 'returns' || text === 'order-changes'

/** Returns the same object when it is switched off already. */
export const optOut = (preferences: Preferences, category: Category): Preferences =>
  preferences.optOuts.includes(category) ? preferences : { ...preferences, optOuts: [...preferences.optOuts, category] }
