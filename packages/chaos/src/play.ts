import { createChance } from '@tradewind/testkit/chance'
import { eventually } from '@tradewind/testkit/eventually'
import type { Violation } from '@tradewind/testkit/invariants'
import { startCatalogue } from './catalogue.ts'
import { comeToRest } from './come-to-rest.ts'
import type { Floor } from './floor.ts'
import { startLoad } from './load.ts'
import type { Scenario } from './scenario.ts'
import { createShop } from './shop.ts'

export interface Outcome {
  readonly scenario: string
  readonly seed: number
  /** Accepted. */
  readonly orders: number
  readonly refused: number
  /** Requests whose clients never learnt what came of them. */
  readonly unknown: number
  readonly faults: number
  /** From the end of the last fault until every order had ended and everything added up. */
  readonly recoveryMs: number
  readonly slowestAnswerMs: number
  readonly violations: readonly Violation[]
}

const ordersWithinMs = 60_000
const customerCount = 6

/** Lets customers buy, brings the scenario's faults about meanwhile, and reports what does not hold once all has come to rest. */
export async function play(
  floor: Floor,
  scenario: Scenario,
  seed: number,
  say: (line: string) => void = () => undefined,
): Promise<Outcome> {
  const chance = createChance(seed)
  const { gatewayUrl } = floor
  const shop = createShop(gatewayUrl)
  const before = new Set((await floor.deadLetters()).map(({ eventId }) => eventId))
  const customers = await Promise.all(Array.from({ length: customerCount }, () => shop.newCustomer()))
  const [probe = ''] = customers
  const [first, ...others] = scenario.units ?? [4000, 60, 60]
  const skus: [string, ...string[]] = [await shop.newProduct(first ?? 0, probe)]
  for (const units of others) skus.push(await shop.newProduct(units, probe))

  const load = startLoad({ ...scenario.load, gatewayUrl, chance: createChance(seed + 1), skus, customers })
  const catalogue = startCatalogue(shop, await shop.signInOperator())
  let faults = 0
  const poison: string[] = [...before]
  const orders = async (count: number) => {
    const enough = load.placed() + count
    await eventually(() => load.placed() >= enough, { timeoutMs: ordersWithinMs })
  }
  const fault = (what: string) => {
    faults += 1
    say(`  ${what}`)
  }
  try {
    await orders(10)
    await scenario.play({ floor, shop, load, chance, skus, fault, poison: (id) => poison.push(id), orders })
  } catch (error) {
    await Promise.all([load.stop(), catalogue.stop()])
    shop.close()
    throw error
  }
  const healedAt = performance.now()
  const [record] = await Promise.all([load.stop(), catalogue.stop()])
  const unknownSkus = await catalogue.unknown(probe)
  shop.close()
  const violations = await comeToRest(
    { ordersUnderWay: floor.ordersUnderWay, violations: () => floor.violations(record.accepted, poison) },
    say,
  )
  const complaints = (scenario.judge?.(record) ?? []).map((message) => ({
    invariant: scenario.name,
    message,
    documents: [],
  }))
  const unheard = unknownSkus.map((sku) => ({
    invariant: 'catalogue',
    message: `orders never heard of the product ${sku}`,
    documents: [],
  }))
  return {
    scenario: scenario.name,
    seed,
    orders: new Set(record.accepted).size,
    refused: record.refused,
    unknown: record.unknown.length,
    faults,
    recoveryMs: Math.round(performance.now() - healedAt),
    slowestAnswerMs: record.slowestMs,
    violations: [...violations, ...unheard, ...complaints],
  }
}
