import { changed } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import { completeJob } from '../domain/job.ts'
import type { Product } from '../domain/product.ts'
import type { FileWriter, ShelfCount } from '../formats/write-file.ts'
import type { JobRepository, StoredJob } from '../store/job.repository.ts'
import type { JobFiles } from '../store/job-files.ts'
import type { ProductRepository } from '../store/product.repository.ts'
import type { StockRepository } from '../store/stock.repository.ts'
import { type JobHold, JobStopped } from './hold-job.ts'

const TooManyAttributes = defineError(
  'INVENTORY_TOO_MANY_ATTRIBUTES',
  'unprocessable',
  'The catalogue has more attributes than a CSV file has columns. Export it as NDJSON.',
)

/** Reads everything page by page and writes it into a file as it comes. Throws `TooManyAttributes`, `JobLost`, `JobStopped`. */
export type RunExport = (hold: JobHold) => Promise<void>

interface Ports {
  readonly jobs: JobRepository
  readonly jobFiles: JobFiles
  readonly products: ProductRepository
  readonly stock: StockRepository
  readonly writers: {
    readonly productsAsNdjson: FileWriter<Product>
    readonly productsAsCsv: (attributes: readonly string[]) => FileWriter<Product>
    readonly stockAsNdjson: FileWriter<ShelfCount>
    readonly stockAsCsv: FileWriter<ShelfCount>
    readonly maxAttributes: number
  }
  readonly now: () => Date
}

const pageSize = 200

/** Where an export's items come from and how they are written. */
interface Source {
  readonly expected: number
  readonly head: string
  readonly pages: AsyncIterable<{ readonly text: string; readonly items: number }>
}

export const makeRunExport = (ports: Ports): RunExport => {
  const { jobs, jobFiles, products, stock, writers, now } = ports

  async function productsFor({ format }: StoredJob): Promise<Source> {
    const expected = await products.count()
    if (format === 'ndjson') return sourceOf(expected, products.walk, writers.productsAsNdjson)
    const names = await products.attributeNames(writers.maxAttributes + 1)
    if (names.length > writers.maxAttributes) throw TooManyAttributes()
    const known = new Set(names)
    const walk = async (after: string, limit: number) => {
      const page = await products.walk(after, limit)
      const isNew = page.some(({ variants }) =>
        variants.some(({ attributes }) => Object.keys(attributes).some((name) => !known.has(name))),
      )
      // The header is written already, so the next attempt begins with it.
      if (isNew) throw new JobStopped('an attribute came while the file was written')
      return page
    }
    return sourceOf(expected, walk, writers.productsAsCsv(names))
  }

  async function stockFor({ format }: StoredJob): Promise<Source> {
    const writer = format === 'csv' ? writers.stockAsCsv : writers.stockAsNdjson
    const walk = async (after: string, limit: number) => (await stock.page({ after, limit })).slice(0, limit)
    return sourceOf(await stock.count(), walk, writer)
  }

  return async (hold) => {
    const { job } = hold
    const { id, attempt, fileId = '' } = job
    const { expected, head, pages } = await (job.kind === 'products' ? productsFor(job) : stockFor(job))
    let done = 0
    const progress = (rows: number, bytes: number) => ({ rows, done, failed: 0, totalBytes: bytes, readBytes: bytes })
    async function* content() {
      yield Buffer.from(head)
      for await (const { text, items } of pages) {
        yield Buffer.from(text)
        done += items
        await hold.advance({ progress: progress(Math.max(expected, done), 0) })
      }
    }
    const { bytes } = await jobFiles.save(fileId, id, content())
    await jobs.update(id, (before) => changed(completeJob(before, attempt, progress(done, bytes), now())))
  }
}

function sourceOf<T extends { readonly id: string }, W>(
  expected: number,
  walk: (after: string, limit: number) => Promise<(T & W)[]>,
  writer: FileWriter<W>,
): Source {
  async function* pages() {
    for (let after = ''; ; ) {
      const items = await walk(after, pageSize)
      const last = items.at(-1)
      if (last === undefined) return
      yield { text: writer.text(items), items: items.length }
      after = last.id
    }
  }
  return { expected, head: writer.head, pages: pages() }
}
