import { describe, expect, test } from 'vitest'
import { builtInWords } from '../domain/built-in-templates.ts'
import type { Template } from '../domain/mail-template.ts'
import { type MailFacts, mailView } from '../domain/mail-view.ts'
import { templateLanguage } from './template-language.ts'

const write = (template: Template, facts: MailFacts) =>
  templateLanguage.render(builtInWords(template, 'en'), mailView(facts, 'en', undefined))

const eur = (amountMinor: number) => ({ amountMinor, currency: 'EUR' })
const order = {
  number: 'TW-1000001',
  lines: [
    { sku: 'MUG', title: 'Mug, Blue', quantity: 2, total: eur(2500) },
    { sku: 'PEN', title: 'Pen', quantity: 1, total: eur(99) },
  ],
  total: eur(2599),
}
const items = ['', '  2 × Mug, Blue: €25.00', '  1 × Pen: €0.99', '', '  Total: €25.99', ''].join('\n')

describe('the mail about an order', () => {
  test.each([
    [
      'order-confirmed',
      undefined,
      'Your order TW-1000001 is confirmed',
      'Thank you. Your order TW-1000001 is confirmed and paid for.\n',
    ],
    [
      'order-rejected',
      'out_of_stock',
      'Your order TW-1000001 could not be accepted',
      'We are sorry: your order TW-1000001 could not be accepted. Nothing was charged.\n' +
        'Not everything you ordered is in stock any more.\n',
    ],
    [
      'order-cancelled',
      'payment_declined',
      'Your order TW-1000001 is cancelled',
      'Your order TW-1000001 is cancelled.\nYour card was declined. Nothing was charged.\n',
    ],
    [
      'order-cancelled',
      'requested_by_customer',
      'Your order TW-1000001 is cancelled',
      'Your order TW-1000001 is cancelled.\nYou cancelled it. What was paid goes back to your card.\n',
    ],
    [
      'order-cancelled',
      'requested_by_operator',
      'Your order TW-1000001 is cancelled',
      'Your order TW-1000001 is cancelled.\nWe had to cancel it. What was paid goes back to your card.\n',
    ],
    [
      'order-expired',
      'reservation_expired',
      'Your order TW-1000001 has expired',
      'Your order TW-1000001 has expired.\nIt was not paid in time. Nothing was charged.\n',
    ],
    [
      'order-expired',
      'reservation_timeout',
      'Your order TW-1000001 has expired',
      'Your order TW-1000001 has expired.\nWe could not set your items aside in time. Nothing was charged.\n',
    ],
    [
      'order-expired',
      'payment_timeout',
      'Your order TW-1000001 has expired',
      'Your order TW-1000001 has expired.\nThe payment did not go through in time. Nothing was charged.\n',
    ],
  ] as const)('%s, %s', (template, reason, subject, opening) => {
    const mail = write(template, { ...order, ...(reason !== undefined && { reason }) })
    expect(mail).toMatchObject({ subject, text: opening + items })
  })

  test.each([
    [{ amountMinor: 1500, currency: 'JPY' }, '¥1,500'],
    [{ amountMinor: 1234, currency: 'KWD' }, 'KWD\u00a01.234'],
    [{ amountMinor: 100_000_000_001, currency: 'USD' }, '$1,000,000,000.01'],
  ])('writes %o as money of its currency', (total, text) => {
    expect(write('order-confirmed', { ...order, lines: [], total }).text).toContain(`Total: ${text}\n`)
  })
})
