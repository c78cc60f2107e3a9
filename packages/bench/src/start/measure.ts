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
  /** Each process to ready, from its own start, with data. */
  readonly readyMs: Readonly<Record<string, number>>
}

interface Start {
  readonly confirmedMs: number
  readonly readyMs: ReadonlyMap<string, number>
}

const root = new URL('../../../../', import.meta.url).pathname

/** From the start command to its first confirmed order, where everything is installed already. */
export async function measureStart({ rounds, onProgress }: Options): Promise<Starts> {
  const first: Start[] = []
  const again: Start[] = []
  for (let round = 0; round < rounds; round += 1) {
    const dataDir = await mkdtemp(join(tmpdir(), 'tradewind-bench-'))
    try {
      first.push(await untilConfirmed(dataDir))
      again.push(await untilConfirmed(dataDir))
    } finally {
      await rm(dataDir, { recursive: true, force: true })
    }
    onProgress(`first start ${first.at(-1)?.confirmedMs} ms, second ${again.at(-1)?.confirmedMs} ms`)
  }
  const names = [...(again[0]?.readyMs.keys() ?? [])]
  return {
    firstMs: median(first.map(({ confirmedMs }) => confirmedMs)),
    againMs: median(again.map(({ confirmedMs }) => confirmedMs)),
    readyMs: Object.fromEntries(
      names.map((name) => [name, median(again.map(({ readyMs }) => readyMs.get(name) ?? Number.NaN))]),
    ),
  }
}

/** Runs the command as a user does, and stops the clock at the line that tells of the confirmed order. */
async function untilConfirmed(dataDir: string): Promise<Start> {
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
  const ready = [...said.matchAll(/^✓ (\S+) .* (\d+) ms$/gm)].map(([, name = '', ms]) => [name, Number(ms)] as const)
  return { confirmedMs: Math.round(confirmedMs), readyMs: new Map(ready) }
}
