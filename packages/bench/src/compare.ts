import { table } from './table.ts'

/** Every figure that stands in both, where it stood before and where it stands now. */
export function compare(before: unknown, now: unknown): string {
  const earlier = new Map(figuresIn(before))
  const rows = figuresIn(now).flatMap(([name, value]) => {
    const was = earlier.get(name)
    return was === undefined ? [] : [[name, short(was), short(value), (value / was).toFixed(2)]]
  })
  return table(['figure', 'before', 'now', 'ratio'], rows)
}

const short = (value: number) => Number(value.toPrecision(4))

/** Numbers by the path to them. */
function figuresIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([name, one]) => figuresIn(one, path === '' ? name : `${path}.${name}`))
}
