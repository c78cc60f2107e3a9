import type { Job } from '@tradewind/contracts/jobs'
import type { StoredJob } from '../store/job.repository.ts'

export function presentJob(job: StoredJob): Job {
  const { id, type, kind, format, dryRun, status, progress, failure, createdAt, updatedAt, finishedAt } = job
  return {
    id,
    type,
    kind,
    format,
    dryRun,
    status,
    progress: { ...progress },
    ...(failure !== undefined && { failure: { ...failure } }),
    createdAt: createdAt.toISOString(),
    updatedAt: updatedAt.toISOString(),
    ...(finishedAt !== undefined && { finishedAt: finishedAt.toISOString() }),
  }
}

export const jobLocation = ({ id }: StoredJob) => ({ location: `/v1/jobs/${id}` })
