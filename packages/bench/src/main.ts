import { writeFile } from 'node:fs/promises'
import { parseArgs } from 'node:util'
import { measureEmbeddedMongodb, type Result } from './embedded-mongodb/measure.ts'
import { table } from './table.ts'

const help = `Usage: pnpm bench embedded-mongodb [options]

Measures the embedded database through the official driver over TCP, against a server that answers the same commands
without doing the work, in the same run. Every figure is a median of rounds that alternate between the two.

  --clients N    concurrent clients (64)
  --rounds N     rounds of each pair (3)
  --seconds S    length of one run (3)
  --large N      documents of the large collection (1000000)
  --json FILE    write the figures there as well
  --help         print this
`

const options = {
  clients: { type: 'string', default: '64' },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '3' },
  large: { type: 'string', default: '1000000' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const

const say = (line: string) => process.stdout.write(`${line}\n`)
const progress = (line: string) => process.stderr.write(`  ${line}\n`)

function print({ figures, bulkFactor, large }: Result) {
  const verdict = (value: number, target: number | undefined) =>
    target === undefined ? '' : value >= target ? `≥ ${target}` : `below ${target}`
  say(
    table(
      ['workload', 'per second', 'ceiling', 'ratio', 'target', 'flushes per write'],
      figures.map((figure) => [
        figure.name,
        Math.round(figure.perSecond),
        Math.round(figure.ceiling),
        figure.ratio.toFixed(2),
        verdict(figure.ratio, figure.target),
        figure.flushesPerWrite?.toFixed(3) ?? '',
      ]),
    ),
  )
  say(`\nbulkWrite, per document against single updates: ${bulkFactor.toFixed(1)} times (${verdict(bulkFactor, 5)})`)
  say(
    `${large.documents} documents: loaded in ${large.loadSeconds.toFixed(0)} s, opened in ${large.startSeconds.toFixed(1)} s, ` +
      `${Math.round(large.rssMiB)} MiB resident; reads against 1000 documents: by _id ${large.byIdRatio.toFixed(2)} ` +
      `(${verdict(large.byIdRatio, 0.8)}), by index ${large.byIndexRatio.toFixed(2)} (${verdict(large.byIndexRatio, 0.8)})`,
  )
}

const { values, positionals } = parseArgs({ options, allowPositionals: true })
if (values.help || positionals.length !== 1 || positionals[0] !== 'embedded-mongodb') {
  say(help)
  process.exit(values.help ? 0 : 2)
}
const result = await measureEmbeddedMongodb({
  clients: Number(values.clients),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  large: Number(values.large),
  onProgress: progress,
})
print(result)
if (values.json !== undefined) await writeFile(values.json, `${JSON.stringify(result, null, 2)}\n`)
