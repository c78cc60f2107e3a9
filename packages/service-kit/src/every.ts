import type { ServiceConfig, ServiceContext } from './service.ts'

/** How far apart a sweeper looks for what a crash left behind while it finds nothing. */
export const sweepAtRestMs = 5000
/** Runs in a row that found nothing, until a job is looked at less often. */
const emptyRunsBeforeRest = 10

/**
 * Runs a job again and again, one run at a time, `intervalMs` after the last one ended, until the service stops. A run
 * that fails is logged and the next one comes all the same. With `restMs` a job that returned 0 ten times in a row is run
 * that far apart until it returns something else: looking for nothing each second is most of what a system at rest does.
 * What it returns has the job run at once, or once more when it is running.
 */
export function every(
  { logger, onShutdown }: Pick<ServiceContext<ServiceConfig>, 'logger' | 'onShutdown'>,
  label: string,
  intervalMs: number,
  job: () => Promise<unknown>,
  restMs = intervalMs,
): () => void {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> | undefined
  let again = false
  let stopped = false
  let emptyRuns = 0
  const runOnce = async () => {
    try {
      emptyRuns = (await job()) === 0 ? emptyRuns + 1 : 0
    } catch (error) {
      logger.warn({ err: error }, `${label} failed and is tried again`)
    }
  }
  const run = async () => {
    do {
      again = false
      await runOnce()
    } while (again && !stopped)
    running = undefined
    if (!stopped) schedule()
  }
  const start = () => {
    running = run()
  }
  const schedule = () => {
    timer = setTimeout(start, emptyRuns < emptyRunsBeforeRest ? intervalMs : restMs)
  }
  schedule()
  onShutdown(label, async () => {
    stopped = true
    clearTimeout(timer)
    await running
  })
  return () => {
    if (running !== undefined) again = true
    else if (!stopped) {
      clearTimeout(timer)
      start()
    }
  }
}
