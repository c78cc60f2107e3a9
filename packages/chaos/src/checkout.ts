import { execFile } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)
const root = resolve(import.meta.dirname, '../../..')

export interface Checkout {
  readonly path: string
  readonly remove: () => Promise<void>
}

/** The source of another version with what it depends on, taken from the local store. Throws for an unknown commit. */
export async function checkOut(commit: string): Promise<Checkout> {
  const path = await mkdtemp(join(tmpdir(), 'tradewind-version-'))
  const archive = join(path, 'source.tar')
  await run('git', ['archive', '--output', archive, commit], { cwd: root })
  await run('tar', ['-xf', archive], { cwd: path })
  await run('pnpm', ['install', '--frozen-lockfile', '--prefer-offline', '--ignore-scripts'], { cwd: path })
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}
