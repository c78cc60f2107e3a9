import type { JobRepository } from '../store/job.repository.ts'
import type { JobErrors } from '../store/job-errors.ts'
import type { JobFiles } from '../store/job-files.ts'

export type SweepJobs = () => Promise<number>

interface Ports {
  readonly jobs: JobRepository
  readonly jobErrors: JobErrors
  readonly jobFiles: JobFiles
  readonly now: () => Date
}

/** A file this young may be on its way to its job. */
const orphanAfterMs = 3600 * 1000
/** Jobs are kept this long after their end, with their errors and what they made. */
const keepMs = 30 * 24 * 3600 * 1000
const batch = 500

/** Removes files that no job names any more, and jobs that ended long ago. Any replica may run it, also at once. */
export const makeSweepJobs =
  ({ jobs, jobErrors, jobFiles, now }: Ports): SweepJobs =>
  async () => {
    const old = await jobs.finishedBefore(new Date(now().getTime() - keepMs), batch)
    for (const id of old) {
      await jobErrors.removeAll(id)
      await jobs.remove(id)
    }
    const files = await jobFiles.begunBefore(new Date(now().getTime() - orphanAfterMs), batch)
    const needed: string[] = []
    for (const { id, jobId } of files) {
      if ((await jobs.find(jobId))?.fileId === id) needed.push(id)
      else await jobFiles.remove(id)
    }
    await jobFiles.touch(needed)
    return old.length + files.length
  }
