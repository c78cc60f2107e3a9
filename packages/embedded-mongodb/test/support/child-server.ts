import { type ChildProcess, fork } from 'node:child_process'
import { once } from 'node:events'
import path from 'node:path'

const MAIN = path.resolve(import.meta.dirname, '../../src/main.ts')

export interface ChildServer {
  child: ChildProcess
  port: number
  url: string
}

/** The server as a process of its own, so that it can be killed. */
export async function startChild(dataDir: string): Promise<ChildServer> {
  const child = fork(MAIN, ['--port', '0', '--data', dataDir], { stdio: ['ignore', 'ignore', 'inherit', 'ipc'] })
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`the server ended with ${String(code)} before it listened`)
  })
  // Once it listens, its end is the test's own business.
  ended.catch(() => undefined)
  const [message]: unknown[] = await Promise.race([once(child, 'message'), ended])
  const port = message !== null && typeof message === 'object' && 'port' in message ? Number(message.port) : 0
  return { child, port, url: `mongodb://127.0.0.1:${port}/?directConnection=true` }
}

export async function stopChild({ child }: ChildServer, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode
  const exited = once(child, 'exit')
  child.kill(signal)
  const [code]: unknown[] = await exited
  return typeof code === 'number' ? code : null
}
