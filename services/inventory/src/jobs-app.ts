import type { ImplementedRoute } from '@tradewind/service-kit/route'
import { createSeenKeys } from './domain/seen-keys.ts'
import { judgeProduct, judgeStock } from './formats/judge-item.ts'
import { readFile } from './formats/read-file.ts'
import { maxAttributes, productsAsCsv, productsAsNdjson, stockAsCsv, stockAsNdjson } from './formats/write-file.ts'
import { createExport } from './http/create-export.route.ts'
import { createImport } from './http/create-import.route.ts'
import { getJob, getJobResult, listJobErrors, listJobs, postJobCancellation } from './http/jobs.route.ts'
import type { JobRepository, StoredJob } from './store/job.repository.ts'
import type { JobErrors } from './store/job-errors.ts'
import type { JobFiles } from './store/job-files.ts'
import type { LocationRepository } from './store/location.repository.ts'
import type { MovementLedger } from './store/movement-ledger.ts'
import type { ProductRepository } from './store/product.repository.ts'
import type { StockRepository } from './store/stock.repository.ts'
import { makeCancelJob } from './use-cases/cancel-job.ts'
import { makeImportProducts, makeJudgeProducts } from './use-cases/import-products.ts'
import { makeImportStock, makeJudgeStock } from './use-cases/import-stock.ts'
import { makeRunExport } from './use-cases/run-export.ts'
import { makeImporter, makeRunImport } from './use-cases/run-import.ts'
import { makeRunJobs } from './use-cases/run-jobs.ts'
import { makeStartExport } from './use-cases/start-export.ts'
import { makeStartImport } from './use-cases/start-import.ts'
import { makeSweepJobs } from './use-cases/sweep-jobs.ts'

export interface JobPorts {
  readonly jobs: JobRepository
  readonly jobErrors: JobErrors
  readonly jobFiles: JobFiles
  readonly products: ProductRepository
  readonly stock: StockRepository
  readonly locations: LocationRepository
  readonly ledger: MovementLedger
  /** Items of one batch of an import; 200 when left out. */
  readonly batchItems?: number
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Wires imports and exports; no I/O happens here. */
export function createJobs(ports: JobPorts) {
  const { jobs, jobErrors, jobFiles } = ports
  const importerFor = ({ kind, dryRun }: StoredJob) => {
    if (kind === 'stock') return makeImporter(judgeStock, dryRun ? makeJudgeStock(ports) : makeImportStock(ports))
    const importProducts = dryRun ? makeJudgeProducts(ports, createSeenKeys()) : makeImportProducts(ports)
    return makeImporter(judgeProduct, importProducts)
  }
  const writers = { maxAttributes, productsAsCsv, productsAsNdjson, stockAsCsv, stockAsNdjson }
  const { run, stop } = makeRunJobs({
    ...ports,
    runImport: makeRunImport({ ...ports, readFile, importerFor }),
    runExport: makeRunExport({ ...ports, writers }),
  })
  const routes: ImplementedRoute[] = [
    createImport(makeStartImport(ports)),
    createExport(makeStartExport(ports)),
    listJobs(jobs),
    getJob(jobs),
    listJobErrors(jobs, jobErrors),
    getJobResult(jobs, jobFiles),
    postJobCancellation(makeCancelJob(ports)),
  ]
  return { routes, run, stop, sweep: makeSweepJobs(ports) }
}
