import { afterAll, beforeAll, expect, test } from 'vitest'
import { failpoints } from '../src/failpoints.ts'
import { type Floor, openFloor } from '../src/floor.ts'
import { play } from '../src/play.ts'
import type { Scenario } from '../src/scenario.ts'
import { brokerDataLoss } from '../src/scenarios/broker-files.ts'
import { crashAt } from '../src/scenarios/crashes.ts'
import { poison } from '../src/scenarios/messages.ts'
import { rollingRestart } from '../src/scenarios/updates.ts'

/** SEED=7 makes other choices; `pnpm chaos` plays everything, and each for longer. */
const seed = Number(process.env['SEED'] ?? 1)
const crashes = 4

const crashesAtSomePoints: Scenario = {
  name: 'service-crash-at-points',
  what: `SIGKILL at ${crashes} named points`,
  play: async (stage) => {
    for (const point of stage.chance.shuffled(failpoints).slice(0, crashes)) await crashAt(stage, point)
    await stage.orders(10)
  },
}

let floor: Floor
beforeAll(async () => {
  floor = await openFloor()
}, 90_000)
afterAll(() => floor.end())

test.each([crashesAtSomePoints, brokerDataLoss, poison, rollingRestart])(
  `$name breaks no promise, with seed ${seed}`,
  async (scenario) => {
    const { violations } = await play(floor, { ...scenario, load: { ...scenario.load, clients: 6 } }, seed)
    expect(violations).toEqual([])
  },
  180_000,
)
