import type { Bench } from '../options.ts'
import { table } from '../table.ts'
import { atLeast } from '../verdict.ts'
import { measureEmbeddedMongodb, type Result } from './measure.ts'

export const embeddedMongodb: Bench = {
  name: 'embedded-mongodb',
  help: `The embedded database through the official driver over TCP, against a server that answers the same commands without
doing the work, in the same run. Every figure is a median of rounds that alternate between the two.

  --clients N    concurrent clients (64)
  --rounds N     rounds of each pair (3)
  --seconds S    length of one run (3)
  --large N      documents of the large collection (1000000)`,
  run: async ({ clients = '64', rounds, seconds, large }, onProgress) => {
    const figures = await measureEmbeddedMongodb({
      clients: Number(clients),
      rounds: Number(rounds),
      seconds: Number(seconds),
      large: Number(large),
      onProgress,
    })
    return { figures, text: textOf(figures) }
  },
}

function textOf({ figures, bulkFactor, large }: Result): string {
  const rows = figures.map((figure) => [
    figure.name,
    Math.round(figure.perSecond),
    Math.round(figure.ceiling),
    figure.ratio.toFixed(2),
    atLeast(figure.ratio, figure.target),
    figure.flushesPerWrite?.toFixed(3) ?? '',
  ])
  return [
    table(['workload', 'per second', 'ceiling', 'ratio', 'target', 'flushes per write'], rows),
    '',
    `bulkWrite, per document against single updates: ${bulkFactor.toFixed(1)} times (${atLeast(bulkFactor, 5)})`,
    `${large.documents} documents: loaded in ${large.loadSeconds.toFixed(0)} s, opened in ${large.startSeconds.toFixed(1)} s, ` +
      `${Math.round(large.rssMiB)} MiB resident; reads against 1000 documents: by _id ${large.byIdRatio.toFixed(2)} ` +
      `(${atLeast(large.byIdRatio, 0.8)}), by index ${large.byIndexRatio.toFixed(2)} (${atLeast(large.byIndexRatio, 0.8)})`,
  ].join('\n')
}
