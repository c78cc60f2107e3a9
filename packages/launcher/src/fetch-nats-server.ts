import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { access, chmod, copyFile, mkdir, mkdtemp, readdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { findOnPath } from './find-on-path.ts'
import { type NatsArchive, natsArchive } from './nats-releases.ts'

const run = promisify(execFile)
const maxArchiveBytes = 64 * 1024 * 1024
const downloadTimeoutMs = 120_000

export interface FetchOptions {
  /** Folder that keeps the program; work in progress lies beside it until it is complete. */
  readonly cacheDir: string
  readonly env: NodeJS.ProcessEnv
  readonly onProgress: (line: string) => void
  /** Where releases are fetched from, when not from their official place. */
  readonly releaseBase?: string
}

/**
 * Puts nats-server into the cache without needing root and returns its path: from the distribution's own package where
 * there is apt, else from the official release. Safe to run twice at once: each works in a folder of its own and the last
 * step is a rename. Throws with every reason when no source could serve.
 */
export async function fetchNatsServer(
  options: FetchOptions,
  accept: (path: string) => Promise<unknown>,
): Promise<string> {
  await mkdir(options.cacheDir, { recursive: true })
  const reasons: string[] = []
  for (const [source, fetchFrom] of sources(options)) {
    const work = await mkdtemp(join(options.cacheDir, '.fetch-'))
    try {
      options.onProgress(`fetching nats-server from ${source}`)
      const unpacked = await fetchFrom(work, options)
      await accept(unpacked)
      return await keep(unpacked, work, options.cacheDir)
    } catch (error) {
      reasons.push(`${source}: ${error instanceof Error ? error.message : String(error)}`)
    } finally {
      await rm(work, { recursive: true, force: true })
    }
  }
  throw new Error(
    `nats-server could not be fetched (${reasons.join('; ')}). Install it, or name it in NATS_SERVER_BIN.`,
  )
}

type Source = readonly [name: string, fetchFrom: (work: string, options: FetchOptions) => Promise<string>]

function sources({ env, releaseBase }: FetchOptions): Source[] {
  const hasApt = findOnPath('apt-get', env) !== undefined && findOnPath('dpkg', env) !== undefined
  const release: Source = [
    'the official release',
    (work) => fromRelease(natsArchive(process.platform, process.arch, releaseBase), work),
  ]
  return hasApt ? [['the distribution’s package', fromApt], release] : [release]
}

/** Moves the finished program to its place in one step, so that nobody ever starts half a file. */
async function keep(unpacked: string, work: string, cacheDir: string): Promise<string> {
  const complete = join(work, 'complete')
  await copyFile(unpacked, complete)
  await chmod(complete, 0o755)
  const path = join(cacheDir, 'nats-server')
  await rename(complete, path)
  return path
}

/** apt with its own lists and cache works for an ordinary user and leaves the system's as they are. */
async function fromApt(work: string, { env }: FetchOptions): Promise<string> {
  const folders = ['state', 'lists/partial', 'cache/archives/partial']
  await Promise.all(folders.map((folder) => mkdir(join(work, folder), { recursive: true })))
  const settings = [
    `Dir::State::lists=${join(work, 'lists')}`,
    `Dir::Cache=${join(work, 'cache')}`,
    // apt would otherwise hand downloads to a user that may not enter this folder, and warn about it.
    'APT::Sandbox::User=',
    'Acquire::Languages=none',
    'Acquire::Retries=2',
    'Acquire::http::Timeout=20',
    'Acquire::https::Timeout=20',
  ].flatMap((setting) => ['-o', setting])
  const apt = (...command: string[]) =>
    run('apt-get', ['-q', ...settings, ...command], {
      cwd: work,
      env: { ...env, LC_ALL: 'C', DEBIAN_FRONTEND: 'noninteractive' },
      timeout: downloadTimeoutMs,
    })
  // Hooks of the system may fail here for an ordinary user, and one of several sources may be down: what counts is
  // whether the package can be downloaded. Its failure then names both.
  const update = await apt('update').then(
    () => undefined,
    (error: Error) => error,
  )
  try {
    await apt('download', 'nats-server')
  } catch (error) {
    throw new Error(firstErrorLine(update) ?? firstErrorLine(error) ?? 'apt-get download failed', { cause: error })
  }
  const archive = (await readdir(work)).find((name) => name.endsWith('.deb'))
  if (archive === undefined) throw new Error('apt-get downloaded nothing')
  await run('dpkg', ['-x', join(work, archive), join(work, 'unpacked')], { env })
  return firstExisting(['usr/bin', 'usr/sbin'].map((folder) => join(work, 'unpacked', folder, 'nats-server')))
}

const firstErrorLine = (error: unknown): string | undefined =>
  typeof error === 'object' && error !== null && 'stderr' in error && typeof error.stderr === 'string'
    ? error.stderr.split('\n').find((line) => line.startsWith('E: '))
    : undefined

async function firstExisting(paths: readonly string[]): Promise<string> {
  for (const path of paths) {
    const exists = await access(path).then(
      () => true,
      () => false,
    )
    if (exists) return path
  }
  throw new Error(`the package holds no ${paths.join(' and no ')}`)
}

/** Downloads and unpacks an official release. Throws before unpacking when the archive is not the one that was pinned. */
export async function fromRelease(archive: NatsArchive, work: string): Promise<string> {
  const bytes = await download(archive.url)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  if (sha256 !== archive.sha256) {
    throw new Error(`${archive.url} has the checksum ${sha256}, not the pinned ${archive.sha256}; it is not used`)
  }
  const file = join(work, 'release.tar.gz')
  await writeFile(file, bytes)
  await run('tar', ['-xzf', file, '-C', work, archive.member])
  return join(work, archive.member)
}

async function download(url: string): Promise<Uint8Array> {
  const response = await fetch(url, { signal: AbortSignal.timeout(downloadTimeoutMs) }).catch((error: unknown) => {
    const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
    throw new Error(`cannot reach ${new URL(url).host}: ${cause instanceof Error ? cause.message : String(cause)}`, {
      cause: error,
    })
  })
  if (!response.ok || response.body === null) throw new Error(`${url} answers ${response.status}`)
  const chunks: Uint8Array[] = []
  let size = 0
  for await (const chunk of response.body) {
    size += chunk.byteLength
    if (size > maxArchiveBytes) throw new Error(`${url} is larger than ${maxArchiveBytes} bytes`)
    chunks.push(chunk)
  }
  return Buffer.concat(chunks)
}
