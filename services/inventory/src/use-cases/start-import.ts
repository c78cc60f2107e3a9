import type { Readable } from 'node:stream'
import { DuplicateKey } from '@tradewind/database/aggregate-store'
import { fingerprint, IdempotencyKeyReused } from '@tradewind/service-kit/idempotency'
import { createJob, type Job } from '../domain/job.ts'
import type { JobRepository, StoredJob } from '../store/job.repository.ts'
import type { JobFiles } from '../store/job-files.ts'
import { requireRoom } from './require-room.ts'

export interface StartImportCommand extends Pick<Job, 'kind' | 'format' | 'dryRun' | 'userId'> {
  readonly idempotencyKey: string
  readonly content: Readable
}

/** Takes the file in whole and queues its import, once per caller and idempotency key. Answers with the job as it was queued. */
export type StartImport = (command: StartImportCommand) => Promise<{ job: StoredJob; replayed: boolean }>

interface Ports {
  readonly jobs: JobRepository
  readonly jobFiles: JobFiles
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeStartImport =
  ({ jobs, jobFiles, now, newId }: Ports): StartImport =>
  async ({ kind, format, dryRun, userId, idempotencyKey, content }) => {
    await requireRoom(jobs)
    const id = newId('job')
    const { bytes, hash } = await jobFiles.save(id, id, content)
    const requestKey = fingerprint(`${userId}\n${idempotencyKey}`)
    const requestHash = fingerprint(JSON.stringify([kind, format, dryRun, hash]))
    const request = { requestKey, requestHash }
    const job = createJob({ id, type: 'import', kind, format, dryRun, userId, fileId: id, ...request }, bytes, now())
    try {
      return { job: await jobs.insert(job), replayed: false }
    } catch (error) {
      if (!DuplicateKey.is(error)) throw error
      await jobFiles.remove(id)
      const earlier = await jobs.findByRequest(requestKey)
      if (earlier === undefined) throw error
      if (earlier.requestHash !== requestHash) throw IdempotencyKeyReused({ id: earlier.id })
      return { job: asQueued(earlier), replayed: true }
    }
  }

/** What the first answer said. */
const asQueued = ({ finishedAt: _finishedAt, failure: _failure, ...job }: StoredJob): StoredJob => ({
  ...job,
  status: 'queued',
  progress: { ...job.progress, rows: 0, done: 0, failed: 0, readBytes: 0 },
  updatedAt: job.createdAt,
})
