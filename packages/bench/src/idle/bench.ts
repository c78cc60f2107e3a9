import type { Bench } from '../options.ts'
import { table } from '../table.ts'
import { atMost } from '../verdict.ts'
import { measureIdle } from './measure.ts'

export const idle: Bench = {
  name: 'idle',
  help: `Memory and processor time of every process while nobody asks for anything.

  --seconds S    for how long it is watched (3)`,
  run: async ({ seconds }, onProgress) => {
    const figures = await measureIdle({ seconds: Number(seconds), onProgress })
    const [rss, cpu] = [sumOf(figures.map(({ rssMiB }) => rssMiB)), sumOf(figures.map(({ cpuPercent }) => cpuPercent))]
    const rows = figures.map(({ name, rssMiB, cpuPercent }) => [name, Math.round(rssMiB), cpuPercent.toFixed(2)])
    const total = ['all', `${Math.round(rss)} (${atMost(rss, 700)})`, `${cpu.toFixed(2)} (${atMost(cpu, 3)})`]
    return { figures, text: table(['process', 'MiB resident', '% of a core'], [...rows, total]) }
  },
}

const sumOf = (figures: readonly number[]) => figures.reduce((sum, figure) => sum + figure, 0)
