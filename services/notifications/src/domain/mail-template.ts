import { defineError } from '@tradewind/service-kit/errors'

export const templates = [
  'order-confirmed',
  'order-rejected',
  'order-cancelled',
  'order-expired',
  'order-edited',
  'fulfilment-shipped',
  'fulfilment-delivered',
  'return-approved',
  'return-rejected',
  'return-refunded',
  'verify-email',
  'reset-password',
  'password-changed',
  'email-changed',
  'second-factor-changed',
  'registration-attempted',
] as const
export type Template = (typeof templates)[number]

export const locales = ['en', 'de'] as const
export type Locale = (typeof locales)[number]

export type Category = 'shipping' | 'returns' | 'order-changes'

/** What a mail says, with placeholders. */
export interface Words {
  readonly subject: string
  readonly text: string
  readonly html: string
}

/** Words as they were published: never changed, so that it can always be said what a mail was written with. */
export interface TemplateVersion extends Words {
  readonly template: Template
  readonly locale: Locale
  /** From 1; 0 is the built-in one. */
  readonly version: number
  readonly publishedAt?: Date
  readonly publishedBy?: string
}

export const TemplateInvalid = defineError(
  'NOTIFICATIONS_TEMPLATE_INVALID',
  'invalid',
  'The template cannot be used; `errors` says where and why.',
)
export const TemplateChanged = defineError(
  'NOTIFICATIONS_TEMPLATE_CHANGED',
  'precondition-failed',
  'A newer version of the template was published meanwhile. Read it again.',
)
export const TemplateVersionNotFound = defineError(
  'NOTIFICATIONS_TEMPLATE_VERSION_NOT_FOUND',
  'not-found',
  'There is no such version of the template.',
)
export const TooManyVersions = defineError(
  'NOTIFICATIONS_TOO_MANY_TEMPLATE_VERSIONS',
  'conflict',
  'The template has as many versions as the system keeps.',
)

export const maxVersions = 1000

/** The mails that a customer may switch off. The law or the purchase requires the others. */
const categories: Readonly<Partial<Record<Template, Category>>> = {
  'order-edited': 'order-changes',
  'fulfilment-shipped': 'shipping',
  'fulfilment-delivered': 'shipping',
  'return-approved': 'returns',
  'return-rejected': 'returns',
}

/** Undefined for a mail that is always sent. */
export const categoryOf = (template: Template): Category | undefined => categories[template]

/** A value, or the names inside a section. */
export type Placeholders = Readonly<Record<string, 'value' | readonly string[]>>

const ofOrder: Placeholders = { number: 'value', lines: ['title', 'quantity', 'total'], total: 'value' }
const optional: Placeholders = { unsubscribeUrl: 'value' }

/** What each mail can tell. */
export const placeholdersOf: Readonly<Record<Template, Placeholders>> = {
  'order-confirmed': ofOrder,
  'order-rejected': { ...ofOrder, reason: 'value' },
  'order-cancelled': { ...ofOrder, reason: 'value' },
  'order-expired': { ...ofOrder, reason: 'value' },
  'order-edited': { ...ofOrder, ...optional },
  'fulfilment-shipped': {
    number: 'value',
    lines: ['title', 'quantity'],
    tracking: ['carrier', 'code', 'url'],
    ...optional,
  },
  'fulfilment-delivered': { number: 'value', ...optional },
  'return-approved': { number: 'value', ...optional },
  'return-rejected': { number: 'value', reason: 'value', ...optional },
  'return-refunded': { number: 'value', amount: 'value' },
  'verify-email': { name: 'value', link: 'value' },
  'reset-password': { name: 'value', link: 'value' },
  'password-changed': { name: 'value' },
  'email-changed': { name: 'value' },
  'second-factor-changed': { name: 'value' },
  'registration-attempted': { name: 'value' },
}
