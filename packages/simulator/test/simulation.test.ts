import { expect, test } from 'vitest'
import { faultKinds } from '../src/faults.ts'
import { report } from '../src/report.ts'
import { shrink } from '../src/shrink.ts'
import { allFaults, simulate } from '../src/simulate.ts'

/** SEEDS=100000 plays more shops; `pnpm simulate --seed 17` repeats one. */
const count = Number(process.env['SEEDS'] ?? 2000)

async function play(seeds: number, orders: number, faults = allFaults): Promise<number> {
  let accepted = 0
  for (let seed = 1; seed <= seeds; seed += 1) {
    const run = { seed, orders, faults }
    const outcome = await simulate(run)
    accepted += outcome.accepted
    if (outcome.violations.length === 0) continue
    const smallest = await shrink(run)
    expect.fail(report(smallest.run, smallest.outcome))
  }
  return accepted
}

test('no shop breaks a promise when everything goes wrong at once', async () => {
  expect(await play(count, 5)).toBeGreaterThan(count)
}, 300_000)

test.each(faultKinds)('no shop breaks a promise by %s alone', async (kind) => {
  expect(await play(count / 20, 8, new Set([kind]))).toBeGreaterThan(count / 20)
})

test('the same seed tells the same story', async () => {
  const run = { seed: 42, orders: 5, faults: allFaults }
  const first = await simulate(run, true)
  expect(first.history.length).toBeGreaterThan(20)
  expect(await simulate(run, true)).toEqual(first)
})
