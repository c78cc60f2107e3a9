import type { Readable } from 'node:stream'
import { changed } from '@tradewind/database/decision'
import { BrokenFile } from '../domain/broken-file.ts'
import type { Entry, FileItem, RowFault } from '../domain/file-item.ts'
import { completeJob, type JobProgress, maxErrors } from '../domain/job.ts'
import { createSeenKeys } from '../domain/seen-keys.ts'
import type { Judge } from '../formats/judge-item.ts'
import type { ReadFile } from '../formats/read-file.ts'
import type { JobRepository } from '../store/job.repository.ts'
import type { JobErrors } from '../store/job-errors.ts'
import type { JobFiles } from '../store/job-files.ts'
import type { JobHold } from './hold-job.ts'
import type { ImportBatch } from './import-batch.ts'

/** How the items of one kind of file are judged and imported. */
export interface Importer {
  /** Imports those of a batch that are right, and refuses the others. */
  readonly take: (items: readonly FileItem[], context: TakeContext) => Promise<void>
}

interface TakeContext {
  readonly hold: JobHold
  readonly refuse: (item: FileItem, faults: readonly RowFault[]) => void
  readonly refuseForGood: (item: FileItem, faults: readonly RowFault[]) => Promise<void>
}

export const makeImporter = <T>(judge: Judge<T>, importBatch: ImportBatch<T>): Importer => ({
  take: async (items, { hold, refuse, refuseForGood }) => {
    const entries: Entry<T>[] = []
    for (const item of items) {
      const { entry, faults } = judge(item)
      if (entry === undefined) refuse(item, faults)
      else entries.push(entry)
    }
    if (entries.length === 0) return
    await importBatch(entries, {
      hold,
      refuse: ({ item }, faults) => refuse(item, faults),
      refuseForGood: ({ item }, faults) => refuseForGood(item, faults),
    })
  },
})

/** Reads the whole file, then imports it batch by batch. Throws `BrokenFile`, `JobLost`, `JobStopped`. */
export type RunImport = (hold: JobHold) => Promise<void>

interface Ports {
  readonly jobs: JobRepository
  readonly jobErrors: JobErrors
  readonly jobFiles: JobFiles
  readonly readFile: ReadFile
  readonly importerFor: (job: JobHold['job']) => Importer
  readonly now: () => Date
  /** Items of one batch, unless its bytes are reached first. */
  readonly batchItems?: number
}

const defaultBatchItems = 200
/** Bytes of the file in one batch. */
const batchBytes = 1024 * 1024

export const makeRunImport = (ports: Ports): RunImport => {
  const { jobs, jobErrors, jobFiles, readFile, importerFor, now, batchItems = defaultBatchItems } = ports

  return async (hold) => {
    const { job } = hold
    const { id, attempt, fileId = '' } = job
    const content = (): Readable => jobFiles.open(fileId)
    let { progress, lastRow, errors } = job
    if (job.isChecked !== true) {
      progress = { ...progress, rows: await countRows(readFile(content(), job), hold) }
      await hold.advance({ isChecked: true, progress })
    }
    if (lastRow === 0 && job.dryRun) await jobErrors.removeAll(id)
    // Refused for good by a worker that did not live to note the batch.
    const refusedBefore = await jobErrors.refusedAfter(id, lastRow)
    const importer = importerFor(job)
    for await (const batch of batchesOf(readFile(content(), job), lastRow, batchItems, hold)) {
      const refusals = createRefusals(jobErrors, id, errors)
      for (const { firstRow } of batch) {
        const count = refusedBefore.get(firstRow)
        if (count !== undefined) refusals.remember(firstRow, count)
      }
      await importer.take(
        batch.filter(({ firstRow }) => !refusedBefore.has(firstRow)),
        { hold, ...refusals },
      )
      errors = await refusals.keep()
      progress = progressAfter(progress, batch, refusals.has)
      lastRow = batch.at(-1)?.lastRow ?? lastRow
      await hold.advance({ progress, lastRow, errors })
    }
    const complete = { ...progress, readBytes: progress.totalBytes }
    await jobs.update(id, (before) => changed(completeJob(before, attempt, complete, now())))
    await jobFiles.remove(fileId)
  }
}

/** Refuses a file that is broken anywhere, before anything of it is in. */
async function countRows(items: AsyncGenerator<FileItem>, hold: JobHold): Promise<number> {
  const seen = createSeenKeys()
  let rows = 0
  for await (const { rows: more, key, firstRow } of items) {
    await hold.keep()
    rows += more
    if (key === undefined || seen.add(key)) continue
    throw new BrokenFile(
      'INVENTORY_FILE_HANDLE_TWICE',
      `The handle in row ${firstRow} was there before: all rows of a product stand together.`,
      firstRow,
    )
  }
  return rows
}

async function* batchesOf(
  items: AsyncGenerator<FileItem>,
  after: number,
  batchItems: number,
  hold: JobHold,
): AsyncGenerator<FileItem[]> {
  let batch: FileItem[] = []
  let begin = 0
  for await (const item of items) {
    if (item.firstRow <= after) {
      begin = item.readBytes
      await hold.keep()
      continue
    }
    batch.push(item)
    if (batch.length < batchItems && item.readBytes - begin < batchBytes) continue
    yield batch
    batch = []
    begin = item.readBytes
  }
  if (batch.length > 0) yield batch
}

function progressAfter(before: JobProgress, batch: readonly FileItem[], isRefused: (item: number) => boolean) {
  const rowsOf = (items: readonly FileItem[]) => items.reduce((sum, { rows }) => sum + rows, 0)
  const failed = rowsOf(batch.filter(({ firstRow }) => isRefused(firstRow)))
  return {
    ...before,
    done: before.done + rowsOf(batch) - failed,
    failed: before.failed + failed,
    readBytes: Math.min(batch.at(-1)?.readBytes ?? before.readBytes, before.totalBytes),
  }
}

/** The refusals of one batch, of which only so many are kept as a job may have. */
function createRefusals(jobErrors: JobErrors, jobId: string, errorsBefore: number) {
  const counts = new Map<number, number>()
  const waiting = new Map<number, readonly RowFault[]>()
  return {
    has: (item: number) => counts.has(item),
    remember: (item: number, count: number) => void counts.set(item, count),
    refuse: ({ firstRow }: FileItem, faults: readonly RowFault[]) => {
      counts.set(firstRow, faults.length)
      waiting.set(firstRow, faults)
    },
    refuseForGood: async ({ firstRow }: FileItem, faults: readonly RowFault[]) => {
      counts.set(firstRow, faults.length)
      await jobErrors.record(jobId, [{ item: firstRow, faults }])
    },
    /** Returns how many errors the job has now. */
    keep: async (): Promise<number> => {
      let errors = errorsBefore
      const surplus: number[] = []
      for (const [item, count] of [...counts].toSorted(([a], [b]) => a - b)) {
        if (errors >= maxErrors) surplus.push(item)
        else errors += count
      }
      for (const item of surplus) waiting.delete(item)
      await jobErrors.record(
        jobId,
        [...waiting].map(([item, faults]) => ({ item, faults })),
      )
      await jobErrors.forget(jobId, surplus)
      return errors
    },
  }
}
