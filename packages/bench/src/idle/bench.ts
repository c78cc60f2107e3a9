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
    const sum = (name: 'rssMiB' | 'pssMiB' | 'cpuPercent') => figures.reduce((total, one) => total + one[name], 0)
    const rows = figures.map(({ name, rssMiB, pssMiB, cpuPercent }) => [
      name,
      Math.round(rssMiB),
      Math.round(pssMiB),
      cpuPercent.toFixed(2),
    ])
    const pss = `${Math.round(sum('pssMiB'))} (${atMost(sum('pssMiB'), 700)})`
    const cpu = `${sum('cpuPercent').toFixed(2)} (${atMost(sum('cpuPercent'), 3)})`
    const total = ['all', Math.round(sum('rssMiB')), pss, cpu]
    return { figures, text: table(['process', 'MiB resident', 'of these its share', '% of a core'], [...rows, total]) }
  },
}
