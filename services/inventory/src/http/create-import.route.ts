import { createImportRoute, jobMediaTypes } from '@tradewind/contracts/jobs'
import { replayedHeaders } from '@tradewind/service-kit/idempotency'
import { implementRoute } from '@tradewind/service-kit/route'
import type { StartImport } from '../use-cases/start-import.ts'
import { jobLocation, presentJob } from './present-job.ts'

export const createImport = (startImport: StartImport) =>
  implementRoute(createImportRoute, async ({ query, headers, upload, caller }) => {
    const { job, replayed } = await startImport({
      kind: query.kind,
      format: upload.mediaType.toLowerCase() === jobMediaTypes.csv ? 'csv' : 'ndjson',
      dryRun: query.dryRun === 'true',
      userId: caller.userId,
      idempotencyKey: headers['idempotency-key'],
      content: upload.stream,
    })
    return {
      status: 202,
      body: presentJob(job),
      headers: { ...jobLocation(job), ...replayedHeaders(replayed).headers },
    }
  })
