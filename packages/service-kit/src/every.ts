import type { ServiceConfig, ServiceContext } from './service.ts'

/**
 * Runs a job again and again, one run at a time, `intervalMs` after the last one ended, until the service stops. A run
 * that fails is logged and the next one comes all the same.
 */
export function every(
  { logger, onShutdown }: Pick<ServiceContext<ServiceConfig>, 'logger' | 'onShutdown'>,
  label: string,
  intervalMs: number,
  job: () => Promise<unknown>,
): void {
  let timer: NodeJS.Timeout | undefined
  let running: Promise<void> = Promise.resolve()
  let stopped = false
  const run = async () => {
    try {
      await job()
    } catch (error) {
      logger.warn({ err: error }, `${label} failed and is tried again`)
    }
    if (!stopped) schedule()
  }
  const schedule = () => {
    timer = setTimeout(() => {
      running = run()
    }, intervalMs)
  }
  schedule()
  onShutdown(label, async () => {
    stopped = true
    clearTimeout(timer)
    await running
  })
}
