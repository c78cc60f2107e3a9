import { defineError } from '@tradewind/service-kit/errors'

export interface JobProgress {
  /** Rows of the file once they are counted; of an export those that are expected. */
  readonly rows: number
  readonly done: number
  readonly failed: number
  readonly totalBytes: number
  readonly readBytes: number
}

export interface JobFailure {
  readonly code: string
  readonly detail: string
  readonly row?: number
}

/** An import of a file, or an export into one, carried out by one worker at a time and carried on by the next when that dies. */
export interface Job {
  readonly id: string
  readonly type: 'import' | 'export'
  readonly kind: 'products' | 'stock'
  readonly format: 'csv' | 'ndjson'
  readonly dryRun: boolean
  readonly userId: string
  readonly status: 'queued' | 'running' | 'completed' | 'failed' | 'cancelled'
  readonly progress: JobProgress
  /** Counts the workers that took it, from 1. What an earlier one still wants to write is refused. */
  readonly attempt: number
  /** Attempts since it last came further. */
  readonly stalls: number
  /** When the next worker may take it: at once while it is queued, when the lease is up while it runs; missing at its end. */
  readonly dueAt?: Date
  readonly isCancelRequested?: boolean
  /** True once the whole file of an import was read and found to be what it says. */
  readonly isChecked?: boolean
  /** The last row of an import that was decided and noted. */
  readonly lastRow: number
  /** Errors that are kept. */
  readonly errors: number
  /** What was uploaded, or what is being written. */
  readonly fileId?: string
  readonly failure?: JobFailure
  readonly finishedAt?: Date
  /** Stands for the caller and the Idempotency-Key, and what the request was. */
  readonly requestKey?: string
  readonly requestHash?: string
}

export const JobNotFound = defineError('INVENTORY_JOB_NOT_FOUND', 'not-found', 'There is no such job.')
export const JobEnded = defineError('INVENTORY_JOB_ENDED', 'conflict', 'The job has come to its end already.')
/** Raised in a worker whose job is another's by now, or is not to go on. Clients never see it. */
export const JobLost = defineError('INVENTORY_JOB_LOST', 'conflict', 'The job is not this worker’s any more.')

/** How long a worker may be silent before another takes its job. */
export const leaseMs = 60_000
/** Attempts without coming any further, after which a job is given up. */
const maxStalls = 10
/** Errors of one job that are kept; those beyond are counted. */
export const maxErrors = 10_000

export type NewJob = Pick<
  Job,
  'id' | 'type' | 'kind' | 'format' | 'dryRun' | 'userId' | 'fileId' | 'requestKey' | 'requestHash'
>

export const createJob = (job: NewJob, totalBytes: number, now: Date): Job => ({
  ...job,
  status: 'queued',
  progress: { rows: 0, done: 0, failed: 0, totalBytes, readBytes: 0 },
  attempt: 0,
  stalls: 0,
  dueAt: now,
  lastRow: 0,
  errors: 0,
})

const isEnded = ({ status }: Job): boolean => status !== 'queued' && status !== 'running'

/** An end. The file of an import is needed no longer. */
function ended(job: Job, status: 'completed' | 'failed' | 'cancelled', now: Date): Job {
  const { dueAt: _dueAt, fileId, ...rest } = job
  const keepsFile = job.type === 'export' && status === 'completed' && fileId !== undefined
  return { ...rest, status, finishedAt: now, ...(keepsFile && { fileId }) }
}

/** Gives the job to a worker. Returns the same object when it is not to be had, and an ended one when it is not to go on. */
export function claimJob(job: Job, now: Date): Job {
  if (job.dueAt === undefined || job.dueAt > now) return job
  if (job.isCancelRequested === true) return ended(job, 'cancelled', now)
  if (job.stalls >= maxStalls) {
    const detail = `The job was taken up ${maxStalls} times without coming any further.`
    return ended({ ...job, failure: { code: 'INVENTORY_JOB_STUCK', detail } }, 'failed', now)
  }
  const attempt = job.attempt + 1
  const { lastRow, isChecked, progress } = job
  // An export, and a dry run, which has no effect that could be doubled, start over.
  const startsOver = job.type === 'export' || job.dryRun
  return {
    ...job,
    status: 'running',
    attempt,
    stalls: job.stalls + 1,
    dueAt: new Date(now.getTime() + leaseMs),
    ...(job.type === 'export' && { fileId: `${job.id}/${attempt}` }),
    ...(isChecked !== undefined && { isChecked }),
    lastRow: startsOver ? 0 : lastRow,
    errors: startsOver ? 0 : job.errors,
    progress: startsOver ? { ...progress, done: 0, failed: 0, readBytes: 0 } : progress,
  }
}

export type JobAdvance = Partial<Pick<Job, 'progress' | 'lastRow' | 'errors' | 'isChecked'>>

/** Notes how far it is and renews the lease; ends it when that was asked for. Throws `JobLost`. */
export function advanceJob(job: Job, attempt: number, advance: JobAdvance, now: Date): Job {
  requireOwn(job, attempt)
  const isFurther = Object.keys(advance).length > 0
  const next = { ...job, ...advance, stalls: isFurther ? 0 : job.stalls, dueAt: new Date(now.getTime() + leaseMs) }
  return job.isCancelRequested === true ? ended(next, 'cancelled', now) : next
}

/** Throws `JobLost`. */
export function completeJob(job: Job, attempt: number, progress: JobProgress, now: Date): Job {
  requireOwn(job, attempt)
  return ended({ ...job, progress }, 'completed', now)
}

/** Throws `JobLost`. */
export function failJob(job: Job, attempt: number, failure: JobFailure, now: Date): Job {
  requireOwn(job, attempt)
  return ended({ ...job, failure }, 'failed', now)
}

/** Gives it back for the next worker. Throws `JobLost`. */
export function releaseJob(job: Job, attempt: number, now: Date): Job {
  requireOwn(job, attempt)
  return { ...job, status: 'queued', stalls: 0, dueAt: now }
}

/** Asks that it stop; one that nobody works at stops at once. Returns the same object when it was asked before. Throws `JobEnded`. */
export function cancelJob(job: Job, now: Date): Job {
  if (job.status === 'cancelled' || job.isCancelRequested === true) return job
  if (isEnded(job)) throw JobEnded({ id: job.id, status: job.status })
  if (job.status === 'queued') return ended(job, 'cancelled', now)
  return { ...job, isCancelRequested: true }
}

function requireOwn(job: Job, attempt: number): void {
  if (job.status !== 'running' || job.attempt !== attempt) throw JobLost({ id: job.id, attempt })
}
