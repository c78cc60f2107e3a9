import { createJob, type Job } from '../domain/job.ts'
import type { JobRepository, StoredJob } from '../store/job.repository.ts'
import { requireRoom } from './require-room.ts'

/** Queues an export. */
export type StartExport = (command: Pick<Job, 'kind' | 'format' | 'userId'>) => Promise<StoredJob>

interface Ports {
  readonly jobs: JobRepository
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeStartExport =
  ({ jobs, now, newId }: Ports): StartExport =>
  async ({ kind, format, userId }) => {
    await requireRoom(jobs)
    return jobs.insert(createJob({ id: newId('job'), type: 'export', kind, format, dryRun: false, userId }, 0, now()))
  }
