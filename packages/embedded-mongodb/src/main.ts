#!/usr/bin/env node
import process from 'node:process'
import { parseArgs } from 'node:util'
import { type Logger, startEmbeddedMongodb } from './index.ts'

const HELP = `embedded-mongodb: a MongoDB-compatible server that keeps its data in one directory.

  embedded-mongodb --data DIR [--port 27017] [--host 127.0.0.1]

  --data DIR    where the data live; made when missing, used by one process at a time
  --port PORT   port to listen on, 0 for any free one (default 27017)
  --host HOST   address to listen on (default 127.0.0.1; there are no passwords, so keep it)
  --help        this text
`

const DEFAULT_PORT = 27017

function fail(message: string): never {
  process.stderr.write(`embedded-mongodb: ${message}\n`)
  process.exit(1)
}

function readArguments(): { dataDir: string; port: number; host: string } {
  const options = {
    data: { type: 'string' },
    port: { type: 'string' },
    host: { type: 'string' },
    help: { type: 'boolean' },
  } as const
  try {
    const { values } = parseArgs({ options })
    if (values.help === true) {
      process.stdout.write(HELP)
      process.exit(0)
    }
    if (values.data === undefined) fail('--data DIR is required; see --help')
    const port = Number(values.port ?? DEFAULT_PORT)
    if (!Number.isInteger(port) || port < 0 || port > 65535) fail(`--port ${values.port ?? ''} is not a port number`)
    return { dataDir: values.data, port, host: values.host ?? '127.0.0.1' }
  } catch (error) {
    return fail(`${error instanceof Error ? error.message : String(error)}; see --help`)
  }
}

const REASONS: Record<string, (port: number, host: string) => string> = {
  EADDRINUSE: (port) => `port ${port} is in use`,
  EACCES: (port) => `no permission (port ${port} or the data directory)`,
  EADDRNOTAVAIL: (_, host) => `address ${host} does not belong to this machine`,
  ENOTFOUND: (_, host) => `address ${host} is not known`,
}

const log = (message: string): void => {
  process.stderr.write(`${message}\n`)
}
const logger: Logger = { info: log, warn: log, error: log }

const settings = readArguments()
try {
  const server = await startEmbeddedMongodb({ ...settings, logger })
  process.stdout.write(`${server.url}\n`)
  process.send?.({ type: 'listening', port: server.port })
  const stop = (): void => {
    server.close().then(
      () => process.exit(0),
      (error: unknown) => fail(String(error)),
    )
  }
  process.once('SIGTERM', stop)
  process.once('SIGINT', stop)
  process.once('disconnect', stop)
} catch (error) {
  const code = error instanceof Error && 'code' in error ? String(error.code) : ''
  const reason = REASONS[code]?.(settings.port, settings.host)
  fail(reason ?? (error instanceof Error ? error.message : String(error)))
}
