import { Type } from 'typebox'
import { createProductRoute, ProductStatus } from './catalogue.ts'
import { Binary, Id, idempotencyHeaders, Page, pageQuery, Strict, Timestamp } from './common.ts'
import { adjustStockRoute, countStockRoute } from './inventory.ts'
import { defineRoute } from './route.ts'

export const JobId = Id('job')
export const JobKind = Type.Enum(['products', 'stock'])
export type JobKind = Type.Static<typeof JobKind>
export const JobFormat = Type.Enum(['csv', 'ndjson'])
export type JobFormat = Type.Static<typeof JobFormat>
export const JobStatus = Type.Enum(['queued', 'running', 'completed', 'failed', 'cancelled'])
export type JobStatus = Type.Static<typeof JobStatus>

/** Largest file of an import, in bytes. */
export const maxImportBytes = 64 * 1024 * 1024
/** Media type of each format, as imports take it and exports give it. */
export const jobMediaTypes = { csv: 'text/csv', ndjson: 'application/x-ndjson' } as const

export const Job = Type.Object({
  id: JobId,
  type: Type.Enum(['import', 'export']),
  kind: JobKind,
  format: JobFormat,
  dryRun: Type.Boolean(),
  status: JobStatus,
  progress: Type.Object({
    rows: Type.Integer({ description: 'rows of the file once they are counted; of an export those that are expected' }),
    done: Type.Integer({ description: 'rows that are in, or out' }),
    failed: Type.Integer({ description: 'rows that were refused' }),
    totalBytes: Type.Integer({ description: 'size of the file, of an export once it is complete' }),
    readBytes: Type.Integer({ description: 'how much of it was taken in' }),
  }),
  failure: Type.Optional(
    Type.Object(
      { code: Type.String(), detail: Type.String(), row: Type.Optional(Type.Integer()) },
      {
        description: 'why the whole job failed; what was refused row by row is among its errors',
      },
    ),
  ),
  createdAt: Timestamp,
  updatedAt: Timestamp,
  finishedAt: Type.Optional(Timestamp),
})
export type Job = Type.Static<typeof Job>

export const JobError = Type.Object({
  row: Type.Integer({ description: 'number of the line of NDJSON, or of the row of CSV with its header as the first' }),
  pointer: Type.Optional(Type.String({ description: 'JSON pointer into the line; of CSV, `/` and the column' })),
  detail: Type.String(),
  code: Type.String(),
})
export type JobError = Type.Static<typeof JobError>

/** A handle, or the id of a product that has none. */
const HandleOrId = Type.String({ pattern: '^([a-z0-9][a-z0-9-]{0,63}|prd_[0-9a-f]{32})$', maxLength: 64 })
const product = createProductRoute.schema.body.properties

/** A line of an import of products: as in `POST /v1/products`, with the handle, or the id of one without a handle. */
export const ImportedProduct = Strict({
  ...product,
  handle: HandleOrId,
  status: Type.Optional(ProductStatus),
})
export type ImportedProduct = Type.Static<typeof ImportedProduct>

/** A line of an import of stock that sets what is on hand, as in `POST /v1/stock/counts`. */
export const ImportedCount = countStockRoute.schema.body
export type ImportedCount = Type.Static<typeof ImportedCount>
/** A line of an import of stock that adds or takes, as in `POST /v1/stock/adjustments`. */
export const ImportedAdjustment = adjustStockRoute.schema.body
export type ImportedAdjustment = Type.Static<typeof ImportedAdjustment>

const jobParams = Strict({ id: JobId })

export const createImportRoute = defineRoute('inventory', 'POST', '/v1/imports', 'jobs:write', {
  summary: 'Takes a file of products or stock and imports it as a job',
  description:
    'With `dryRun=true` every row is judged and none is written. Rows of stock with a `delta` count once per job: repeat a request with its own Idempotency-Key.',
  querystring: Strict({ kind: JobKind, dryRun: Type.Optional(Type.Enum(['true', 'false'])) }),
  headers: idempotencyHeaders,
  upload: { mediaTypes: [jobMediaTypes.csv, jobMediaTypes.ndjson], maxBytes: maxImportBytes },
  response: { 202: Job },
})

export const createExportRoute = defineRoute('inventory', 'POST', '/v1/exports', 'jobs:write', {
  summary: 'Exports products or stock as a job, in the form that imports take',
  body: Strict({ kind: JobKind, format: JobFormat }),
  response: { 202: Job },
})

export const listJobsRoute = defineRoute('inventory', 'GET', '/v1/jobs', 'jobs:read', {
  summary: 'Imports and exports, newest first',
  querystring: Strict(pageQuery),
  response: { 200: Page(Job) },
})

export const getJobRoute = defineRoute('inventory', 'GET', '/v1/jobs/:id', 'jobs:read', {
  summary: 'One import or export and how far it is',
  params: jobParams,
  response: { 200: Job },
})

export const listJobErrorsRoute = defineRoute('inventory', 'GET', '/v1/jobs/:id/errors', 'jobs:read', {
  summary: 'What was refused, row by row; the first 10,000 are kept',
  params: jobParams,
  querystring: Strict(pageQuery),
  response: { 200: Page(JobError) },
})

export const getJobResultRoute = defineRoute('inventory', 'GET', '/v1/jobs/:id/result', 'jobs:read', {
  summary: 'The file that an export made',
  params: jobParams,
  response: { 200: Binary },
})

export const cancelJobRoute = defineRoute('inventory', 'POST', '/v1/jobs/:id/cancel', 'jobs:write', {
  summary: 'Stops a job after the rows that it is at; what is in stays in',
  params: jobParams,
  response: { 202: Job },
})

export const jobRoutes = [
  createImportRoute,
  createExportRoute,
  listJobsRoute,
  getJobRoute,
  listJobErrorsRoute,
  getJobResultRoute,
  cancelJobRoute,
]
