import { expect, test } from 'vitest'
import { asAccepted, createOrder } from './order.ts'

test('an order is accepted as pending, with a reminder, and is remembered so whatever becomes of it', () => {
  const now = new Date('2026-03-01T10:00:00Z')
  const subtotal = { amountMinor: 1250, currency: 'EUR' }
  const lines = [{ id: 'oln_1', sku: 'MUG', title: 'Mug', quantity: 1, unitPrice: subtotal, total: subtotal }]
  const identity = { id: 'ord_1', number: 'TW-1', customerId: 'usr_1', idempotencyKey: 'k', requestHash: 'h' }
  const order = createOrder({ ...identity, lines, subtotal, paymentMethod: 'pm_approve' }, now, 5000)
  expect(order).toMatchObject({
    status: 'pending',
    paymentStatus: 'none',
    stockStatus: 'none',
    total: subtotal,
    discount: { amountMinor: 0, currency: 'EUR' },
    dueAt: new Date('2026-03-01T10:00:05Z'),
  })
  const ended = { ...order, status: 'rejected', reason: 'out_of_stock', paymentStatus: 'voided' } as const
  expect(asAccepted(ended)).toEqual(order)
})
