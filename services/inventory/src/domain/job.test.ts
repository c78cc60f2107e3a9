import { describe, expect, test } from 'vitest'
import {
  advanceJob,
  cancelJob,
  claimJob,
  completeJob,
  createJob,
  failJob,
  type Job,
  leaseMs,
  releaseJob,
} from './job.ts'

const now = new Date('2026-01-02T03:04:05Z')
const later = (ms: number) => new Date(now.getTime() + ms)
const request = { id: 'job_1', kind: 'stock', format: 'csv', dryRun: false, userId: 'usr_1' } as const
const waiting = (more: Partial<Job> = {}): Job => ({
  ...createJob({ ...request, type: 'import', fileId: 'file' }, 100, now),
  ...more,
})
const running = (more: Partial<Job> = {}) => claimJob(waiting(more), now)
const { progress } = waiting()
const failure = { code: 'BROKEN', detail: 'It is broken.' }

describe('a job that waits', () => {
  test('is taken by one worker, and by the next when that was silent for long', () => {
    const first = running()
    expect(first).toMatchObject({ status: 'running', attempt: 1, dueAt: later(leaseMs) })
    expect(claimJob(first, later(leaseMs - 1))).toBe(first)
    expect(claimJob(first, later(leaseMs))).toMatchObject({ status: 'running', attempt: 2 })
  })

  test('is cancelled at once', () => {
    const cancelled = cancelJob(waiting(), now)
    expect(cancelled).toMatchObject({ status: 'cancelled', finishedAt: now })
    expect([cancelled.dueAt, cancelled.fileId]).toEqual([undefined, undefined])
    expect(cancelJob(cancelled, now)).toBe(cancelled)
    expect(claimJob(cancelled, later(leaseMs))).toBe(cancelled)
  })
})

describe('a job that runs', () => {
  test('renews its lease with every step, and begins where it was', () => {
    const further = advanceJob(running(), 1, { lastRow: 7, errors: 2, progress: { ...progress, done: 7 } }, later(10))
    expect(further).toMatchObject({ lastRow: 7, dueAt: later(10 + leaseMs), stalls: 0 })
    const next = claimJob(further, later(10 + leaseMs))
    expect(next).toMatchObject({ attempt: 2, lastRow: 7, errors: 2, progress: { done: 7 } })
  })

  test.each([{ dryRun: true }, { type: 'export' as const }])('begins anew when it is %o', (more) => {
    const further = advanceJob(running(more), 1, { lastRow: 7, errors: 2, progress: { ...progress, done: 7 } }, now)
    expect(claimJob(further, later(leaseMs))).toMatchObject({ lastRow: 0, errors: 0, progress: { done: 0 } })
  })

  test.each([
    ['advance', (job: Job, attempt: number) => advanceJob(job, attempt, {}, now)],
    ['complete', (job: Job, attempt: number) => completeJob(job, attempt, progress, now)],
    ['fail', (job: Job, attempt: number) => failJob(job, attempt, failure, now)],
    ['release', (job: Job, attempt: number) => releaseJob(job, attempt, now)],
  ])('refuses to %s for a worker that has lost it', (_what, act) => {
    const second = claimJob(running(), later(leaseMs))
    expect(() => act(second, 1)).toThrow('not this worker’s')
    expect(() => act(completeJob(second, 2, progress, now), 2)).toThrow('not this worker’s')
    expect(act(second, 2)).toBeDefined()
  })

  test('is cancelled by its worker at the next step, or by whoever takes it over', () => {
    const asked = cancelJob(running(), now)
    expect(asked.status).toBe('running')
    expect(cancelJob(asked, now)).toBe(asked)
    expect(advanceJob(asked, 1, {}, now)).toMatchObject({ status: 'cancelled', finishedAt: now })
    expect(claimJob(asked, later(leaseMs))).toMatchObject({ status: 'cancelled' })
  })

  test('is given up after ten attempts that came no further; being given back is no attempt', () => {
    let job = running()
    for (let n = 1; n < 10; n += 1) job = claimJob(job, later(n * leaseMs))
    expect(claimJob(releaseJob(job, 10, now), now)).toMatchObject({ status: 'running', stalls: 1 })
    expect(claimJob(job, later(10 * leaseMs))).toMatchObject({
      status: 'failed',
      failure: { code: 'INVENTORY_JOB_STUCK' },
    })
  })
})

describe('a job that has ended', () => {
  test('keeps what an export made, and nothing else', () => {
    const made = completeJob(running({ type: 'export' }), 1, progress, now)
    expect(made).toMatchObject({ status: 'completed', fileId: 'job_1/1' })
    expect(completeJob(running(), 1, progress, now).fileId).toBeUndefined()
    expect(failJob(running({ type: 'export' }), 1, failure, now).fileId).toBeUndefined()
  })

  test('cannot be cancelled', () => {
    expect(() => cancelJob(completeJob(running(), 1, progress, now), now)).toThrow('come to its end')
  })
})
