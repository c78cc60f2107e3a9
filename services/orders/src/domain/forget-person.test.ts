import { expect, test } from 'vitest'
import { forgetPerson, isOver } from './forget-person.ts'
import { createOrder, type Order } from './order.ts'

const now = new Date('2026-03-01T10:00:00Z')
const money = { amountMinor: 500, currency: 'EUR' }
const line = { id: 'oln_1', sku: 'A', title: 'Tea', quantity: 1, unitPrice: money, total: money }
const address = { name: 'Ada Lovelace', line1: 'Ockham 1', postalCode: '1815', city: 'London', country: 'GB' }

const placed = createOrder(
  {
    id: 'ord_1',
    number: 'T-1',
    customerId: 'usr_1',
    lines: [line],
    subtotal: money,
    paymentMethod: 'pm_approve',
    idempotencyKey: 'key',
    requestHash: 'hash',
    email: 'ada@example.org',
    shippingAddress: address,
    note: 'for my mother',
  },
  now,
  1000,
)
const { dueAt: _dueAt, ...settled } = placed
const over: Order = {
  ...settled,
  status: 'completed',
  timeline: [{ at: now, type: 'orders.order.cancelled', service: 'orders', data: { words: 'my mother died' } }],
  returns: [{ id: 'ret_1', status: 'rejected', lines: [], reason: 'too small', rejection: 'worn', requestedAt: now }],
}

test('keeps what the books need and nothing of the person', () => {
  const forgotten = forgetPerson(over, now)
  expect(forgotten).toMatchObject({ number: 'T-1', lines: [line], total: money, tax: placed.tax, shippedTo: 'GB' })
  for (const personal of ['Ada', 'Ockham', 'London', 'ada@', 'mother', 'too small', 'worn', '1815', 'hash"'])
    expect(JSON.stringify(forgotten)).not.toContain(personal)
})

test('changes nothing the second time', () => {
  const forgotten = forgetPerson(over, now)
  expect(forgetPerson(forgotten, new Date())).toBe(forgotten)
})

test.each([
  ['completed', true],
  ['cancelled', true],
  ['rejected', true],
  ['expired', true],
  ['pending', false],
  ['confirmed', false],
  ['partially_fulfilled', false],
  ['fulfilled', false],
] as const)('an order that is %s is over: %s, unless something is awaited', (status, isSo) => {
  expect(isOver({ ...over, status })).toBe(isSo)
  expect(isOver({ ...over, status, dueAt: now })).toBe(false)
})
