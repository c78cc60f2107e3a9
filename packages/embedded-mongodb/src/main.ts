#!/usr/bin/env node
import process from 'node:process'
import { Doc } from './bson/values.ts'
import { type Invocation, parseCommandLine } from './cli/arguments.ts'
import { HELP } from './cli/help.ts'
import { sendCommand } from './cli/send-command.ts'
import { type Logger, startEmbeddedMongodb } from './index.ts'

const REASONS: Record<string, (port: number, host: string) => string> = {
  EADDRINUSE: (port) => `port ${port} is in use`,
  EACCES: (port) => `no permission (port ${port} or the data directory)`,
  EADDRNOTAVAIL: (_, host) => `address ${host} does not belong to this machine`,
  ENOTFOUND: (_, host) => `address ${host} is not known`,
  ECONNREFUSED: (port, host) => `no server answers at ${host}:${port}`,
}

function log(message: string): void {
  process.stderr.write(`${message}\n`)
}

function fail(error: unknown, place?: { port: number; host: string }): void {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = place === undefined ? undefined : REASONS[code]?.(place.port, place.host)
  log(`embedded-mongodb: ${reason ?? (error instanceof Error ? error.message : String(error))}`)
  process.exitCode = 1
}

async function serve(settings: Extract<Invocation, { kind: 'serve' }>): Promise<void> {
  const logger: Logger = { info: log, warn: log, error: log }
  const server = await startEmbeddedMongodb({ ...settings, logger })
  process.stdout.write(`${server.url}\n`)
  process.send?.({ type: 'listening', port: server.port })
  const stop = (): void => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => {
        fail(error)
        process.exit(1)
      },
    )
  }
  for (const signal of ['SIGTERM', 'SIGINT', 'disconnect']) process.once(signal, stop)
}

async function copy({ kind, file, host, port }: Extract<Invocation, { kind: 'backup' | 'restore' }>): Promise<void> {
  const reply = await sendCommand(host, port, Doc.from({ [kind]: file, $db: 'admin' }))
  const message = reply.get('errmsg')
  if (typeof message === 'string') throw new Error(message)
  process.stdout.write(`${kind} done: ${file}\n`)
}

async function main(): Promise<void> {
  const invocation = parseCommandLine(process.argv.slice(2))
  if (invocation.kind === 'help') {
    process.stdout.write(HELP)
    return
  }
  try {
    if (invocation.kind === 'serve') await serve(invocation)
    else await copy(invocation)
  } catch (error) {
    fail(error, invocation)
  }
}

main().catch((error: unknown) => fail(error))
