import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { freePort } from '../free-port.ts'
import { median } from '../median.ts'

export interface Options {
  readonly rounds: number
  readonly onProgress: (line: string) => void
}

export interface Starts {
  /** With an empty data folder, the demo catalogue included. */
  readonly firstMs: number
  /** With the data of the first. */
  readonly againMs: number
}

const root = new URL('../../../../', import.meta.url).pathname

/** From the start command to its first confirmed order, where everything is installed already. */
export async function measureStart({ rounds, onProgress }: Options): Promise<Starts> {
  const first: number[] = []
  const again: number[] = []
  for (let round = 0; round < rounds; round += 1) {
    const dataDir = await mkdtemp(join(tmpdir(), 'tradewind-bench-'))
    try {
      first.push(await untilConfirmed(dataDir))
      again.push(await untilConfirmed(dataDir))
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
    onProgress(`first start ${first.at(-1)} ms, second ${again.at(-1)} ms`)
  }
  return { firstMs: median(first), againMs: median(again) }
}

/** Runs the command as a user does, and stops the clock at the line that tells of the confirmed order. */
async function untilConfirmed(dataDir: string): Promise<number> {
  const port = await freePort()
  const startedAt = performance.now()
  const child = spawn('npm', ['start', '--', '--once'], {
    cwd: root,
    env: { ...process.env, TRADEWIND_DATA_DIR: dataDir, TRADEWIND_PORT: String(port), NO_COLOR: '1' },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let said = ''
  let confirmedMs: number | undefined
  for (const stream of [child.stdout, child.stderr]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      said += text
      if (confirmedMs === undefined && /\bconfirmed\b/.test(said)) confirmedMs = performance.now() - startedAt
    })
  }
  const [code]: unknown[] = await once(child, 'close')
  if (code !== 0 || confirmedMs === undefined) throw new Error(`npm start ended with ${String(code)}:\n${said}`)
  return Math.round(confirmedMs)
}
