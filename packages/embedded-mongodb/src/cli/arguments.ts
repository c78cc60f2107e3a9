import path from 'node:path'
import { parseArgs } from 'node:util'

export type Invocation =
  | { kind: 'help' }
  | { kind: 'serve'; dataDir: string; port: number; host: string }
  | { kind: 'backup' | 'restore'; file: string; port: number; host: string }

/** The command line is wrong. The message is for the person who wrote it. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

const DEFAULT_PORT = 27017
const OPTIONS = {
  data: { type: 'string' },
  port: { type: 'string' },
  host: { type: 'string' },
  help: { type: 'boolean' },
} as const

export function parseCommandLine(args: string[]): Invocation {
  const { values, positionals } = parse(args)
  if (values.help === true) return { kind: 'help' }
  const port = Number(values.port ?? DEFAULT_PORT)
  if (!Number.isInteger(port) || port < 0 || port > 65535)
    throw new UsageError(`--port ${values.port ?? ''} is not a port number`)
  const host = values.host ?? '127.0.0.1'
  const [verb, file] = positionals
  if (verb === undefined) {
    if (values.data === undefined) throw new UsageError('--data DIR is required; see --help')
    return { kind: 'serve', dataDir: values.data, port, host }
  }
  if (verb !== 'backup' && verb !== 'restore') throw new UsageError(`unknown command ${verb}; see --help`)
  if (file === undefined) throw new UsageError(`${verb} needs a file; see --help`)
  return { kind: verb, file: path.resolve(file), port, host }
}

function parse(args: string[]) {
  try {
    return parseArgs({ args, options: OPTIONS, allowPositionals: true })
  } catch (error) {
    throw new UsageError(`${error instanceof Error ? error.message : String(error)}; see --help`)
  }
}
