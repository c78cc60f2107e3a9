import { changed } from '@tradewind/database/decision'
import { advanceJob, type JobAdvance, JobLost, leaseMs, releaseJob } from '../domain/job.ts'
import type { JobRepository, StoredJob } from '../store/job.repository.ts'

/** Raised in a worker whose job is not to go on: it was cancelled, or the process ends. */
export class JobStopped extends Error {}

/** A worker's right to work at a job. */
export interface JobHold {
  readonly job: StoredJob
  /** Throws `JobLost` when another worker may have the job by now. Asked in every decision, before it is written. */
  readonly assertOwn: () => void
  /** Notes how far it is and renews the right. Throws `JobLost`, `JobStopped`. */
  readonly advance: (advance: JobAdvance) => Promise<void>
  /** Renews the right where that is needed. Throws `JobLost`, `JobStopped`. */
  readonly keep: () => Promise<void>
}

interface Ports {
  readonly jobs: JobRepository
  readonly now: () => Date
}

/** Clocks of two replicas may differ by so much. */
const clockDifferenceMs = 10_000

export function holdJob({ jobs, now }: Ports, job: StoredJob, isStopping: () => boolean): JobHold {
  const { id, attempt } = job
  let ownUntil = (job.dueAt?.getTime() ?? 0) - clockDifferenceMs

  const advance: JobHold['advance'] = async (change) => {
    const saved = await jobs.update(id, (before) => changed(advanceJob(before, attempt, change, now())))
    if (saved.status !== 'running') throw new JobStopped(`the job was ${saved.status}`)
    ownUntil = (saved.dueAt?.getTime() ?? 0) - clockDifferenceMs
    if (!isStopping()) return
    await jobs.update(id, (before) => changed(releaseJob(before, attempt, now())))
    throw new JobStopped('the process ends')
  }

  return {
    job,
    advance,
    assertOwn: () => {
      if (now().getTime() >= ownUntil) throw JobLost({ id, attempt })
    },
    keep: async () => {
      if (isStopping() || now().getTime() >= ownUntil - leaseMs / 2) await advance({})
    },
  }
}
