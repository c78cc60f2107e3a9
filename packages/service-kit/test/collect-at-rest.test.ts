import { expect, test } from 'vitest'
import { makeCollectAtRest } from '../src/collect-at-rest.ts'

const everyMs = 5000

/** A process that has worked so many milliseconds of each five seconds, with the job run after each. */
async function collections(...activeMs: readonly number[]): Promise<number[]> {
  let active = 0
  let idle = 0
  const job = makeCollectAtRest(
    () => ({ active, idle }),
    async () => undefined,
  )
  const made: number[] = []
  for (const worked of activeMs) {
    active += worked
    idle += everyMs - worked
    made.push(await job())
  }
  return made
}

test('a process collects once it has come to rest after its start, and not again', async () => {
  expect(await collections(3000, 40, 20, 20, 20)).toEqual([0, 1, 0, 0, 0])
})

test('a busy process does not', async () => {
  expect(await collections(3000, 60, 60, 4900, 60)).toEqual([0, 0, 0, 0, 0])
})

test('a process that was busy again collects again, one that had little to do does not', async () => {
  expect(await collections(3000, 0, 1500, 0, 0, 600, 0, 0)).toEqual([0, 1, 0, 0, 0, 0, 1, 0])
})

test('what nobody holds any more is gone', async () => {
  let held: object | undefined = Array.from({ length: 100_000 }, (_, index) => ({ index }))
  const gone = new WeakRef(held)
  held = undefined
  await makeCollectAtRest(() => ({ active: 0, idle: everyMs }))()
  expect(gone.deref()).toBeUndefined()
})
