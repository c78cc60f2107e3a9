import { changed, unchanged } from '@tradewind/database/decision'
import { DomainError } from '@tradewind/service-kit/errors'
import { BrokenFile } from '../domain/broken-file.ts'
import { claimJob, failJob, type JobFailure, JobLost } from '../domain/job.ts'
import type { JobRepository, StoredJob } from '../store/job.repository.ts'
import type { JobFiles } from '../store/job-files.ts'
import { holdJob, JobStopped } from './hold-job.ts'
import type { RunExport } from './run-export.ts'
import type { RunImport } from './run-import.ts'

export interface RunJobs {
  /** Carries out what waits, one job after another. Any replica may run it, also at once. Returns how many it worked at. */
  readonly run: () => Promise<number>
  /** Lets the job under way be given back at its next batch, and no other be begun. */
  readonly stop: () => void
}

interface Ports {
  readonly jobs: JobRepository
  readonly jobFiles: JobFiles
  readonly runImport: RunImport
  readonly runExport: RunExport
  readonly now: () => Date
}

const batch = 20

export const makeRunJobs = ({ jobs, jobFiles, runImport, runExport, now }: Ports): RunJobs => {
  let isStopping = false

  async function claim(id: string): Promise<StoredJob | undefined> {
    let isMine = false
    const saved = await jobs.upsert(id, (before) => {
      if (before === undefined) return unchanged()
      const after = claimJob(before, now())
      isMine = after !== before
      return isMine ? changed(after) : unchanged()
    })
    return isMine ? saved : undefined
  }

  async function carryOut(job: StoredJob): Promise<void> {
    const hold = holdJob({ jobs, now }, job, () => isStopping)
    try {
      await (job.type === 'import' ? runImport(hold) : runExport(hold))
    } catch (error) {
      if (JobLost.is(error)) return
      if (error instanceof JobStopped) return await tidyUp(job.id)
      const failure = failureFrom(error)
      // Anything else may pass: when the lease is up the next worker carries on.
      if (failure === undefined) throw error
      await jobs.update(job.id, (before) => changed(failJob(before, job.attempt, failure, now())))
      await tidyUp(job.id)
    }
  }

  /** The file of an import that ended early. What is forgotten here by a crash is found by the sweeper. */
  async function tidyUp(id: string): Promise<void> {
    const job = await jobs.find(id)
    if (job?.type === 'import' && job.fileId === undefined) await jobFiles.remove(id)
  }

  return {
    run: async () => {
      let count = 0
      for (const id of await jobs.dueBefore(now(), batch)) {
        if (isStopping) break
        const job = await claim(id)
        if (job === undefined) continue
        count += 1
        if (job.status === 'running') await carryOut(job)
        else await tidyUp(id)
      }
      return count
    },
    stop: () => {
      isStopping = true
    },
  }
}

function failureFrom(error: unknown): JobFailure | undefined {
  if (error instanceof BrokenFile) {
    const { code, message: detail, row } = error
    return { code, detail, ...(row !== undefined && { row }) }
  }
  const isRefusal = error instanceof DomainError && error.kind === 'unprocessable'
  return isRefusal ? { code: error.code, detail: error.message } : undefined
}
