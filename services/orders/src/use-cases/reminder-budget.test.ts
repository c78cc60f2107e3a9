import { expect, test } from 'vitest'
import { createReminderBudget } from './reminder-budget.ts'

const spendAll = (budget: ReturnType<typeof createReminderBudget>) => {
  let spent = 0
  while (budget.spend()) spent += 1
  return spent
}

test('a round brings a few reminders, and ten orders that move on one more', () => {
  const budget = createReminderBudget()
  expect(spendAll(budget)).toBe(0)
  budget.refill()
  expect(spendAll(budget)).toBe(20)
  budget.refill()
  for (let orders = 0; orders < 105; orders += 1) budget.earn()
  expect(spendAll(budget)).toBe(30)
})

test('what is not used is not saved for ever', () => {
  const budget = createReminderBudget()
  for (let rounds = 0; rounds < 1000; rounds += 1) budget.refill()
  expect(spendAll(budget)).toBe(200)
})
