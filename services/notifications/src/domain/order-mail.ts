import type { Template } from './notification.ts'

interface Money {
  readonly amountMinor: number
  readonly currency: string
}

/** What a mail about an order tells. */
export interface OrderFacts {
  readonly number: string
  readonly lines: readonly { readonly title: string; readonly quantity: number; readonly total: Money }[]
  readonly total: Money
  readonly reason?: string
}

export interface Mail {
  readonly subject: string
  readonly text: string
}

const reasons: Readonly<Record<string, string>> = {
  out_of_stock: 'Not everything you ordered is in stock any more.',
  payment_declined: 'Your card was declined. Nothing was charged.',
  requested_by_customer: 'You cancelled it. What was paid goes back to your card.',
  requested_by_operator: 'We had to cancel it. What was paid goes back to your card.',
  reservation_expired: 'It was not paid in time. Nothing was charged.',
  reservation_timeout: 'We could not set your items aside in time. Nothing was charged.',
  payment_timeout: 'The payment did not go through in time. Nothing was charged.',
}

const openings: Readonly<Record<Template, (number: string) => Mail>> = {
  'order-confirmed': (number) => ({
    subject: `Your order ${number} is confirmed`,
    text: `Thank you. Your order ${number} is confirmed and paid for.`,
  }),
  'order-rejected': (number) => ({
    subject: `Your order ${number} could not be accepted`,
    text: `We are sorry: your order ${number} could not be accepted. Nothing was charged.`,
  }),
  'order-cancelled': (number) => ({
    subject: `Your order ${number} is cancelled`,
    text: `Your order ${number} is cancelled.`,
  }),
  'order-expired': (number) => ({
    subject: `Your order ${number} has expired`,
    text: `Your order ${number} has expired.`,
  }),
}

/** Writes the mail in plain text. */
export function writeOrderMail(template: Template, { number, lines, total, reason }: OrderFacts): Mail {
  const { subject, text } = openings[template](number)
  const items = lines.map((line) => `  ${line.quantity} × ${line.title}: ${amount(line.total)}`)
  const parts = [
    text,
    ...(reason === undefined ? [] : [reasons[reason] ?? '']),
    '',
    ...items,
    '',
    `  Total: ${amount(total)}`,
  ]
  return { subject, text: `${parts.join('\n')}\n` }
}

/** ISO 4217 decides how many digits a currency has; Intl knows it. */
function amount({ amountMinor, currency }: Money): string {
  const format = new Intl.NumberFormat('en', { style: 'currency', currency })
  const digits = format.resolvedOptions().maximumFractionDigits ?? 2
  return format.format(amountMinor / 10 ** digits)
}
