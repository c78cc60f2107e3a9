import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { cpuMs } from '../cpu-time.ts'

/** A database server in a process of its own, as users run it. */
export interface ServerProcess {
  readonly url: string
  readonly startMs: number
  readonly rssMiB: () => number
  readonly cpuMs: () => number
  readonly stop: () => Promise<void>
}

/** Starts a program that reports its port over IPC. Rejects when it ends before. */
export async function startServer(program: URL, args: readonly string[] = []): Promise<ServerProcess> {
  const startedAt = performance.now()
  const child: ChildProcess = fork(program, [...args], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const port = await new Promise<number>((resolve, reject) => {
    child.once('exit', (code) => reject(new Error(`${program.pathname} ended with ${code}`)))
    child.on('message', (message) => {
      if (typeof message === 'object' && message !== null && 'port' in message) resolve(Number(message.port))
    })
  })
  return {
    url: `mongodb://127.0.0.1:${port}/?directConnection=true`,
    startMs: performance.now() - startedAt,
    cpuMs: () => cpuMs(child.pid),
    rssMiB: () => Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1024,
    stop: async () => {
      if (child.exitCode !== null || child.signalCode !== null) return
      child.kill('SIGTERM')
      await once(child, 'exit')
    },
  }
}
