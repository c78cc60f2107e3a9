import { randomInt } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'

/**
 * Below the range from which systems take ports for outgoing connections: a port of ours stays free while its owner is
 * restarted, however busy the machine is.
 */
const lowest = 15_000
const highest = 32_000
const maxTries = 200

/** The files of this process, one per port. */
const held = new Set<string>()
process.once('exit', releaseAll)

export interface PortClaim {
  readonly port: number
  readonly release: () => void
}

/**
 * Finds a free port on this machine and keeps it for this process: other launchers of the same user stay away from it until
 * it is released or this process is gone. Throws when no free port is found.
 */
export async function claimPort(): Promise<PortClaim> {
  const folder = join(tmpdir(), `tradewind-ports-${userInfo().uid}`)
  mkdirSync(folder, { recursive: true })
  for (let tries = 0; tries < maxTries; tries += 1) {
    const port = randomInt(lowest, highest)
    const file = join(folder, String(port))
    if (!take(file)) continue
    held.add(file)
    const release = () => {
      held.delete(file)
      rmSync(file, { force: true })
    }
    if (await isPortFree(port)) return { port, release }
    release()
  }
  throw new Error(`no free port found between ${lowest} and ${highest} in ${maxTries} tries`)
}

function releaseAll(): void {
  for (const file of held) rmSync(file, { force: true })
}

/** True when nobody listens on that port of the loopback address. */
export function isPortFree(port: number): Promise<boolean> {
  return new Promise((resolve, reject) => {
    const server = createServer()
    server.once('error', (error: NodeJS.ErrnoException) => {
      if (error.code === 'EADDRINUSE') resolve(false)
      else reject(error)
    })
    server.listen({ port, host: '127.0.0.1' }, () => server.close(() => resolve(true)))
  })
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error
    // Left behind by a launcher that was killed: the next try may have it.
    if (!isAlive(Number(readFileSync(file, 'utf8')))) rmSync(file, { force: true })
    return false
  }
}

/** True when a process with that id exists, whoever it belongs to. */
export function isAlive(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return hasCode(error, 'EPERM')
  }
}

/** True for an error of the system with that code, `ENOENT`. */
export const hasCode = (error: unknown, code: string): boolean =>
  error instanceof Error && 'code' in error && error.code === code
