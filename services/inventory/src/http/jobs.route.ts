import {
  cancelJobRoute,
  getJobResultRoute,
  getJobRoute,
  JobId,
  jobMediaTypes,
  listJobErrorsRoute,
  listJobsRoute,
} from '@tradewind/contracts/jobs'
import { decodeCursor, limitOf, pageOf } from '@tradewind/service-kit/cursor'
import { defineError } from '@tradewind/service-kit/errors'
import { implementRoute } from '@tradewind/service-kit/route'
import { Type } from 'typebox'
import type { JobRepository, StoredJob } from '../store/job.repository.ts'
import type { JobErrors } from '../store/job-errors.ts'
import type { JobFiles } from '../store/job-files.ts'
import type { CancelJob } from '../use-cases/cancel-job.ts'
import { presentJob } from './present-job.ts'

const JobNotFound = defineError('INVENTORY_JOB_NOT_FOUND', 'not-found', 'There is no such job.')
const NoResult = defineError(
  'INVENTORY_JOB_HAS_NO_RESULT',
  'conflict',
  'The job has made no file: only exports do, once they are completed.',
)

const Place = Type.Tuple([Type.Literal('jobs'), JobId])
const Count = Type.Integer({ minimum: 0 })
const ErrorPlace = Type.Tuple([Count, Count, Count])

async function requireJob(jobs: JobRepository, id: string): Promise<StoredJob> {
  const found = await jobs.find(id)
  if (found === undefined) throw JobNotFound({ id })
  return found
}

export const listJobs = (jobs: JobRepository) =>
  implementRoute(listJobsRoute, async ({ query }) => {
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(Place, query.cursor)[1]
    const { items, nextCursor } = pageOf(await jobs.page(after, limit), limit, ({ id }) => ['jobs', id])
    return { status: 200, body: { items: items.map(presentJob), nextCursor } }
  })

export const getJob = (jobs: JobRepository) =>
  implementRoute(getJobRoute, async ({ params: { id } }) => ({
    status: 200,
    body: presentJob(await requireJob(jobs, id)),
  }))

export const listJobErrors = (jobs: JobRepository, errors: JobErrors) =>
  implementRoute(listJobErrorsRoute, async ({ params: { id }, query }) => {
    await requireJob(jobs, id)
    const limit = limitOf(query)
    const after = query.cursor === undefined ? undefined : decodeCursor(ErrorPlace, query.cursor)
    const found = await errors.page(id, after, limit)
    const { items, nextCursor } = pageOf(found, limit, ({ row, n, item }) => [row, n, item])
    return { status: 200, body: { items: items.map(({ n: _n, item: _item, ...fault }) => fault), nextCursor } }
  })

export const getJobResult = (jobs: JobRepository, files: JobFiles) =>
  implementRoute(getJobResultRoute, async ({ params: { id } }) => {
    const { type, kind, format, status, fileId, progress } = await requireJob(jobs, id)
    if (type !== 'export' || status !== 'completed' || fileId === undefined) throw NoResult({ id })
    const headers = {
      'content-type': `${jobMediaTypes[format]}; charset=utf-8`,
      'content-length': String(progress.totalBytes),
      'content-disposition': `attachment; filename="${kind}-${id}.${format}"`,
      'cache-control': 'private, no-store',
    }
    return { status: 200, body: files.open(fileId), headers }
  })

export const postJobCancellation = (cancelJob: CancelJob) =>
  implementRoute(cancelJobRoute, async ({ params: { id } }) => ({ status: 202, body: presentJob(await cancelJob(id)) }))
