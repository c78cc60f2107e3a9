import { execFile } from 'node:child_process'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { fetchNatsServer } from './fetch-nats-server.ts'
import { findOnPath, isExecutable } from './find-on-path.ts'

const run = promisify(execFile)

/** The first version that has what runs by default: message ids, double ack, delayed nak and backoff. */
const oldestServed = '2.9'

export interface NatsServer {
  readonly path: string
  /** `2.9.10` */
  readonly version: string
  readonly foundIn: 'NATS_SERVER_BIN' | 'PATH' | 'cache' | 'fetched'
}

export interface FindOptions {
  readonly env?: NodeJS.ProcessEnv
  readonly cacheDir?: string
  readonly onProgress?: (line: string) => void
}

/** Kept beside the toolchain, so that one clone fetches it once. */
const projectCache = resolve(import.meta.dirname, '../../../.toolchain/nats-server')

/**
 * Looks for nats-server in NATS_SERVER_BIN, on PATH and in the project's cache, and fetches it when it is nowhere.
 * Throws when the one that was named does not work, when one found is older than 2.9, or when none can be fetched.
 */
export async function findNatsServer(options: FindOptions = {}): Promise<NatsServer> {
  const { env = process.env, cacheDir = projectCache, onProgress = () => {} } = options
  const named = env['NATS_SERVER_BIN']
  if (named !== undefined && named !== '') {
    return { path: named, version: await readVersion(named), foundIn: 'NATS_SERVER_BIN' }
  }
  // Debian installs it into a folder that is not on an ordinary user's PATH.
  const onPath = findOnPath('nats-server', { PATH: `${env['PATH'] ?? ''}:/usr/sbin:/usr/local/sbin` })
  if (onPath !== undefined) return { path: onPath, version: await readVersion(onPath), foundIn: 'PATH' }
  const cached = join(cacheDir, 'nats-server')
  if (isExecutable(cached)) return { path: cached, version: await readVersion(cached), foundIn: 'cache' }
  const path = await fetchNatsServer({ cacheDir, env, onProgress }, readVersion)
  return { path, version: await readVersion(path), foundIn: 'fetched' }
}

/** Asks the program itself. Throws when it does not answer like nats-server or is older than 2.9. */
export async function readVersion(path: string): Promise<string> {
  const { stdout } = await run(path, ['--version'], { timeout: 10_000 }).catch((error: unknown) => {
    throw new Error(`${path} cannot be started: ${error instanceof Error ? error.message : String(error)}`, {
      cause: error,
    })
  })
  const [, version, major, minor] = /v?((\d+)\.(\d+)\.\d+\S*)/.exec(stdout) ?? []
  if (version === undefined) throw new Error(`${path} --version says “${stdout.trim()}”: that is not nats-server`)
  const [oldestMajor = 0, oldestMinor = 0] = oldestServed.split('.').map(Number)
  const served = Number(major) > oldestMajor || (Number(major) === oldestMajor && Number(minor) >= oldestMinor)
  if (!served) throw new Error(`${path} is nats-server ${version}; ${oldestServed} or later is needed`)
  return version
}
