import { defineError } from '@tradewind/service-kit/errors'
import type { JobRepository } from '../store/job.repository.ts'

export const TooManyJobs = defineError(
  'INVENTORY_TOO_MANY_JOBS',
  'too-many-requests',
  'Too many imports and exports wait already. Try again when some of them have ended.',
)

/** Jobs that may wait or run at once; some more when many are asked for in the same moment. */
const maxUnfinished = 100

/** Throws `TooManyJobs`. */
export async function requireRoom(jobs: Pick<JobRepository, 'countUnfinished'>): Promise<void> {
  if ((await jobs.countUnfinished(maxUnfinished)) >= maxUnfinished) throw TooManyJobs({ retryAfterSeconds: 30 })
}
