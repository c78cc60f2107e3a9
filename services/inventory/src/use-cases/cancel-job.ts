import { changed, unchanged } from '@tradewind/database/decision'
import { cancelJob, JobNotFound } from '../domain/job.ts'
import type { JobRepository, StoredJob } from '../store/job.repository.ts'
import type { JobFiles } from '../store/job-files.ts'

/** Stops a job between two batches; one that waits stops at once. Throws `JobNotFound`, `JobEnded`. */
export type CancelJob = (id: string) => Promise<StoredJob>

interface Ports {
  readonly jobs: JobRepository
  readonly jobFiles: JobFiles
  readonly now: () => Date
}

export const makeCancelJob =
  ({ jobs, jobFiles, now }: Ports): CancelJob =>
  async (id) => {
    const saved = await jobs.upsert(id, (before) => {
      if (before === undefined) throw JobNotFound({ id })
      const after = cancelJob(before, now())
      return after === before ? unchanged() : changed(after)
    })
    if (saved === undefined) throw JobNotFound({ id })
    if (saved.type === 'import' && saved.status === 'cancelled') await jobFiles.remove(id)
    return saved
  }
