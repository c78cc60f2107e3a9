import { mkdir, readdir, readFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { table } from './table.ts'

interface CpuProfile {
  readonly nodes: readonly { readonly id: number; readonly callFrame: { functionName: string; url: string } }[]
  readonly samples: readonly number[]
  /** Microseconds since the sample before. */
  readonly timeDeltas: readonly number[]
}

const shown = 12

/** Has every process that is started from now on write a profile of its processor time there when it ends. */
export async function profileInto(folder: string): Promise<void> {
  await mkdir(folder, { recursive: true })
  process.env['NODE_OPTIONS'] = `${process.env['NODE_OPTIONS'] ?? ''} --cpu-prof --cpu-prof-dir=${resolve(folder)}`
}

/** Where the time of each process went, by package or own file; what waited is left out. */
export async function readProfiles(folder: string): Promise<string> {
  const files = (await readdir(folder)).filter((name) => name.endsWith('.cpuprofile'))
  const tables = await Promise.all(
    files.map(async (name) => summaryOf(JSON.parse(await readFile(join(folder, name), 'utf8')))),
  )
  return [
    ...tables.filter((text) => text !== undefined),
    `The profiles are in ${folder}; the browser’s developer tools open them.`,
  ].join('\n\n')
}

function summaryOf({ nodes, samples, timeDeltas }: CpuProfile): string | undefined {
  const places = new Map(nodes.map(({ id, callFrame }) => [id, placeOf(callFrame)]))
  const spent = new Map<string, number>()
  samples.forEach((id, index) => {
    const place = places.get(id) ?? ''
    if (place !== '(idle)') spent.set(place, (spent.get(place) ?? 0) + (timeDeltas[index] ?? 0))
  })
  const service = [...spent.keys()].find((place) => place.startsWith('services/'))?.split('/')[1]
  const database = [...spent.keys()].some((place) => place.startsWith('packages/embedded-mongodb/'))
  const name = service ?? (database ? 'mongodb' : undefined)
  if (name === undefined) return undefined
  const total = [...spent.values()].reduce((sum, microseconds) => sum + microseconds, 0)
  const rows = [...spent]
    .toSorted(([, a], [, b]) => b - a)
    .slice(0, shown)
    .map(([place, microseconds]) => [place, Math.round(microseconds / 1000), ((100 * microseconds) / total).toFixed(1)])
  return table([name, 'ms', '% of what it did'], rows)
}

function placeOf({ functionName, url }: { readonly functionName: string; readonly url: string }): string {
  const library = /.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(url)?.[1]
  if (library !== undefined) return library
  const own = /\/((?:services|packages)\/.*)$/.exec(url)?.[1]
  return own ?? (url === '' ? functionName : url)
}
