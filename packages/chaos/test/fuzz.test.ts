import { afterAll, beforeAll, expect, test } from 'vitest'
import { type Floor, openFloor } from '../src/floor.ts'
import { fuzz } from '../src/fuzz/fuzz.ts'

/** SEED=7 sends others; `pnpm fuzz` sends 20,000. */
const seed = Number(process.env['SEED'] ?? 1)
const requests = 1000

let floor: Floor
beforeAll(async () => {
  floor = await openFloor()
}, 90_000)
afterAll(() => floor.end())

test(`${requests} requests made from the API’s own description are answered as it says, with seed ${seed}`, async () => {
  const { findings, operations } = await fuzz({ gatewayUrl: floor.gatewayUrl, seed, requests })
  expect(findings).toEqual([])
  expect(operations).toBeGreaterThan(100)
}, 300_000)
