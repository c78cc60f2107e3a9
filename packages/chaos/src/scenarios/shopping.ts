import { randomUUID } from 'node:crypto'
import type { Scenario } from '../scenario.ts'
import { textAt } from '../shop.ts'

/** Every way in which the provider may fail once, for any payment. */
const rules = [
  { step: 'authorize', outcome: 'timeout_before', webhook: 'once' },
  { step: 'authorize', outcome: 'timeout_after', webhook: 'twice' },
  { step: 'authorize', outcome: 'error', webhook: 'late' },
  { step: 'capture', outcome: 'timeout_before', webhook: 'none' },
  { step: 'capture', outcome: 'timeout_after', webhook: 'reversed' },
  { step: 'capture', outcome: 'error', webhook: 'late' },
  { step: 'void', outcome: 'timeout_after', webhook: 'twice' },
  { step: 'refund', outcome: 'timeout_after', webhook: 'twice' },
  { step: 'authorize', outcome: 'as_usual', webhook: 'forged' },
  { step: 'look_up', outcome: 'error', webhook: 'none' },
] as const

export const provider: Scenario = {
  name: 'provider',
  what: 'time-outs before and after the charge, errors, late, doubled, reversed and forged webhooks',
  load: {
    methods: ['pm_approve', 'pm_timeout_then_charge', 'pm_timeout_no_charge', 'pm_error_once', 'pm_slow', 'pm_decline'],
    cancels: 0.3,
  },
  play: async ({ shop, chance, fault, orders }) => {
    const token = await shop.signInOperator()
    for (const rule of chance.shuffled([...rules, ...rules])) {
      const { status } = await shop.post('/v1/payments/simulator/script', { ...rule, times: 3 }, { token })
      if (status !== 201) throw new Error(`the simulator took no rule: ${status}`)
      fault(`${rule.step}: ${rule.outcome}, webhook ${rule.webhook}`)
      await orders(chance.integer(3, 8))
    }
    await orders(20)
  },
}

const buyers = 1000
const hotUnits = 100

export const hotSku: Scenario = {
  name: 'hot-sku',
  what: '1,000 buyers at once for 100 units, while others buy overlapping baskets: exactly 100 are sold',
  units: [400, 400, 400],
  play: async ({ shop, chance, skus, fault, orders }) => {
    const customers = await Promise.all(Array.from({ length: 10 }, () => shop.newCustomer()))
    const hot = await shop.newProduct(hotUnits, customers[0] ?? '')
    fault(`${buyers} buyers for ${hotUnits} units`)
    const outcomes = await Promise.all(
      Array.from({ length: buyers }, async (_, index) => {
        const basket = chance.shuffled([
          { sku: hot, quantity: 1 },
          ...(index % 2 === 0 ? [] : [{ sku: skus[0], quantity: 1 }]),
        ])
        // What is sold out beside it must not decide.
        const lines = basket.filter(({ sku }) => sku === hot || index % 4 === 1)
        const placed = await shop.place(customers[index % 10] ?? '', lines, { key: randomUUID(), waitSeconds: 30 })
        return placed.status === 201 ? textAt(placed.body, 'status') : String(placed.status)
      }),
    )
    const sold = outcomes.filter((outcome) => outcome === 'confirmed').length
    if (sold !== hotUnits) {
      const counts = Object.entries(Object.groupBy(outcomes, (outcome) => outcome)).map(
        ([name, all]) => `${name} ${all?.length}`,
      )
      throw new Error(`${sold} of ${hotUnits} units were sold (${counts.join(', ')})`)
    }
    await orders(20)
  },
}
