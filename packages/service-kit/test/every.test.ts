import { afterEach, beforeEach, expect, test, vi } from 'vitest'
import { every } from '../src/every.ts'
import { createLogger } from '../src/log.ts'

const logger = createLogger({ name: 'test', level: 'silent' })
const stops: (() => Promise<void> | void)[] = []
const context = { logger, onShutdown: (_label: string, stop: () => Promise<void> | void) => void stops.push(stop) }

beforeEach(() => vi.useFakeTimers())
afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
  vi.useRealTimers()
})

/** A job that says how much it found, and how often it has run. */
function counted(found: () => number | Promise<number>) {
  let runs = 0
  const job = async () => {
    runs += 1
    return await found()
  }
  return { job, runs: () => runs }
}

test('a job runs again and again, also after it has failed', async () => {
  const { job, runs } = counted(() => Promise.reject(new Error('the database is away')))
  every(context, 'sweeper', 1000, job, 5000)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(runs()).toBe(20)
})

test('a job that finds nothing is looked at less often, until it finds something', async () => {
  let found = 0
  const { job, runs } = counted(() => found)
  every(context, 'sweeper', 1000, job, 5000)
  await vi.advanceTimersByTimeAsync(10_000)
  expect(runs()).toBe(10)
  await vi.advanceTimersByTimeAsync(20_000)
  expect(runs()).toBe(14)
  found = 3
  await vi.advanceTimersByTimeAsync(5000)
  expect(runs()).toBe(15)
  await vi.advanceTimersByTimeAsync(5000)
  expect(runs()).toBe(20)
})

test('a job without a time of rest keeps its interval', async () => {
  const { job, runs } = counted(() => 0)
  every(context, 'sweeper', 1000, job)
  await vi.advanceTimersByTimeAsync(30_000)
  expect(runs()).toBe(30)
})

test('a stopped job does not run again, and its last run is waited for', async () => {
  const running = Promise.withResolvers<number>()
  const { job, runs } = counted(() => running.promise)
  every(context, 'sweeper', 1000, job)
  await vi.advanceTimersByTimeAsync(1000)
  let hasStopped = false
  const stopping = Promise.resolve(stops.pop()?.()).then(() => (hasStopped = true))
  await vi.advanceTimersByTimeAsync(1000)
  expect(hasStopped).toBe(false)
  running.resolve(0)
  await stopping
  await vi.advanceTimersByTimeAsync(5000)
  expect(runs()).toBe(1)
})

test('a job can be run at once, or once more when it is running', async () => {
  const runs: PromiseWithResolvers<number>[] = []
  const runNow = every(context, 'worker', 1000, () => {
    const run = Promise.withResolvers<number>()
    runs.push(run)
    return run.promise
  })
  runNow()
  expect(runs).toHaveLength(1)
  runNow()
  runNow()
  expect(runs).toHaveLength(1)
  runs[0]?.resolve(1)
  await vi.advanceTimersByTimeAsync(0)
  expect(runs).toHaveLength(2)
  runs[1]?.resolve(1)
  await vi.advanceTimersByTimeAsync(999)
  expect(runs).toHaveLength(2)
  await vi.advanceTimersByTimeAsync(1)
  expect(runs).toHaveLength(3)
  runs[2]?.resolve(0)
})
