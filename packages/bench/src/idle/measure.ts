import { readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'
import { openShop } from '../shop/shop.ts'

export interface Rest {
  readonly name: string
  readonly rssMiB: number
  /** Its share: pages that processes have in common, the program itself above all, are counted once over all of them. */
  readonly pssMiB: number
  /** Of one core. */
  readonly cpuPercent: number
}

export interface Options {
  readonly seconds: number
  readonly onProgress: (line: string) => void
}

/** What compiles and collects after the start is over by then. */
const settleMs = 15_000

/** What every process of the system holds and uses while nobody asks for anything. Linux only. */
export async function measureIdle({ seconds, onProgress }: Options): Promise<Rest[]> {
  onProgress('starting the system and letting it come to rest')
  const shop = await openShop(100, 1)
  try {
    await delay(settleMs)
    const before = shop.cpuMs()
    await delay(seconds * 1000)
    const after = shop.cpuMs()
    return shop.processes.map(({ name, pid }) => ({
      name,
      rssMiB: memoryMiB(pid, 'Rss'),
      pssMiB: memoryMiB(pid, 'Pss'),
      cpuPercent: ((after.get(name) ?? 0) - (before.get(name) ?? 0)) / seconds / 10,
    }))
  } finally {
    await shop.stop()
  }
}

const memoryMiB = (pid: number, name: string) =>
  Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1]) / 1024
