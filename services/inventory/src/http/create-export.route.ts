import { createExportRoute } from '@tradewind/contracts/jobs'
import { implementRoute } from '@tradewind/service-kit/route'
import type { StartExport } from '../use-cases/start-export.ts'
import { jobLocation, presentJob } from './present-job.ts'

export const createExport = (startExport: StartExport) =>
  implementRoute(createExportRoute, async ({ body: { kind, format }, caller: { userId } }) => {
    const job = await startExport({ kind, format, userId })
    return { status: 202, body: presentJob(job), headers: jobLocation(job) }
  })
