import type { Locale } from './mail-template.ts'

export interface Money {
  readonly amountMinor: number
  readonly currency: string
}

interface Line {
  readonly sku: string
  readonly title?: string
  readonly quantity: number
  readonly total?: Money
}

/** What a mail tells, whatever the language. Kept with the mail, so that it can be looked at with other words. */
export interface MailFacts {
  /** Of the order; missing for a mail about an account. */
  readonly number?: string
  readonly lines?: readonly Line[]
  readonly total?: Money
  /** A code that has words here, or words of an operator. */
  readonly reason?: string
  readonly tracking?: { readonly carrier: string; readonly code: string; readonly url?: string | undefined }
  readonly amount?: Money
  /** Whom a mail about an account is for. */
  readonly name?: string
  /** Where it leads to. Never kept: what stands for it in a kept mail opens nothing. */
  readonly link?: string
}

/** What fills the placeholders. */
export type MailView = Readonly<Record<string, unknown>>

const reasons: Readonly<Record<Locale, Readonly<Record<string, string>>>> = {
  en: {
    out_of_stock: 'Not everything you ordered is in stock any more.',
    payment_declined: 'Your card was declined. Nothing was charged.',
    requested_by_customer: 'You cancelled it. What was paid goes back to your card.',
    requested_by_operator: 'We had to cancel it. What was paid goes back to your card.',
    reservation_expired: 'It was not paid in time. Nothing was charged.',
    reservation_timeout: 'We could not set your items aside in time. Nothing was charged.',
    payment_timeout: 'The payment did not go through in time. Nothing was charged.',
  },
  de: {
    out_of_stock: 'Nicht alles, was Sie bestellt haben, ist noch vorrätig.',
    payment_declined: 'Ihre Karte wurde abgelehnt. Es wurde nichts abgebucht.',
    requested_by_customer: 'Sie haben sie storniert. Was bezahlt wurde, geht auf Ihre Karte zurück.',
    requested_by_operator: 'Wir mussten sie stornieren. Was bezahlt wurde, geht auf Ihre Karte zurück.',
    reservation_expired: 'Sie wurde nicht rechtzeitig bezahlt. Es wurde nichts abgebucht.',
    reservation_timeout: 'Wir konnten die Artikel nicht rechtzeitig zurücklegen. Es wurde nichts abgebucht.',
    payment_timeout: 'Die Zahlung kam nicht rechtzeitig zustande. Es wurde nichts abgebucht.',
  },
}

/** Puts facts into the words of a language. Without a place to unsubscribe there is no such placeholder. */
export function mailView(facts: MailFacts, locale: Locale, unsubscribeUrl: string | undefined): MailView {
  const { number = '', lines = [], total, reason, tracking, amount, name, link } = facts
  return {
    number,
    lines: lines.map((line) => ({
      title: line.title ?? line.sku,
      quantity: line.quantity,
      ...(line.total !== undefined && { total: money(line.total, locale) }),
    })),
    ...(total !== undefined && { total: money(total, locale) }),
    ...(reason !== undefined && { reason: reasons[locale][reason] ?? reason }),
    ...(tracking !== undefined && { tracking: { ...tracking, url: webUrl(tracking.url) } }),
    ...(amount !== undefined && { amount: money(amount, locale) }),
    ...(name !== undefined && { name }),
    ...(link !== undefined && { link }),
    ...(unsubscribeUrl !== undefined && { unsubscribeUrl }),
  }
}

/** A link that is none of the web would run where it is clicked. */
const webUrl = (url: string | undefined): string => (url !== undefined && /^https?:\/\//i.test(url) ? url : '')

/** Making a format costs more than everything else of a mail. */
const formats = new Map<string, Intl.NumberFormat>()

function formatOf(currency: string, locale: Locale): Intl.NumberFormat {
  const key = `${locale} ${currency}`
  const known = formats.get(key)
  if (known !== undefined) return known
  const format = new Intl.NumberFormat(locale, { style: 'currency', currency })
  formats.set(key, format)
  return format
}

/** ISO 4217 decides how many digits a currency has; Intl knows it. */
function money({ amountMinor, currency }: Money, locale: Locale): string {
  const format = formatOf(currency, locale)
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return format.format(amountMinor / 10 ** digits)
}

/** An order that never was, for previews. */
export const exampleFacts: MailFacts = {
  number: 'TW-1000001',
  lines: [
    { sku: 'MUG-BLUE', title: 'Mug, Blue', quantity: 2, total: { amountMinor: 2500, currency: 'EUR' } },
    { sku: 'PEN', title: 'Pen & Ink', quantity: 1, total: { amountMinor: 99, currency: 'EUR' } },
  ],
  total: { amountMinor: 2599, currency: 'EUR' },
  reason: 'requested_by_customer',
  tracking: { carrier: 'Parcel Service', code: '00340434161094', url: 'https://parcels.example/00340434161094' },
  amount: { amountMinor: 1250, currency: 'EUR' },
  name: 'Ada',
  link: 'https://shop.example/example',
}
