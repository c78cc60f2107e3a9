import type { Chance } from '@tradewind/testkit/chance'

interface Entry {
  readonly at: number
  readonly seq: number
  readonly name: string
  readonly run: () => Promise<void>
}

/** What is still to happen, by an injected clock that jumps from one thing to the next. */
export interface Agenda {
  readonly now: () => Date
  readonly add: (delayMs: number, name: string, run: () => Promise<void>) => void
  readonly size: () => number
  /** Does what is next, and with `together` some of what follows at the same time. */
  readonly next: (together: boolean) => Promise<void>
}

const start = Date.parse('2026-03-01T10:00:00Z')
const mostTogether = 4
/** Things that are so near may happen at the same time. */
const nearMs = 50

export function createAgenda(chance: Chance, note: (line: string) => void): Agenda {
  const heap: Entry[] = []
  let at = start
  let seq = 0

  const isBefore = (one: Entry, other: Entry) => one.at < other.at || (one.at === other.at && one.seq < other.seq)

  function push(entry: Entry): void {
    let index = heap.push(entry) - 1
    while (index > 0) {
      const parent = (index - 1) >> 1
      const above = heap[parent]
      if (above === undefined || !isBefore(entry, above)) break
      heap[index] = above
      index = parent
    }
    heap[index] = entry
  }

  function pop(): Entry | undefined {
    const [first] = heap
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let index = 0
    for (;;) {
      let child = 2 * index + 1
      const [left, right] = [heap[child], heap[child + 1]]
      if (left === undefined) break
      if (right !== undefined && isBefore(right, left)) child += 1
      const smaller = heap[child]
      if (smaller === undefined || !isBefore(smaller, last)) break
      heap[index] = smaller
      index = child
    }
    heap[index] = last
    return first
  }

  return {
    now: () => new Date(at),
    add: (delayMs, name, run) => push({ at: at + Math.max(0, Math.round(delayMs)), seq: (seq += 1), name, run }),
    size: () => heap.length,
    next: async (together) => {
      const first = pop()
      if (first === undefined) return
      at = first.at
      const all = [first]
      for (let more = together ? chance.integer(0, mostTogether - 1) : 0; more > 0; more -= 1) {
        const [near] = heap
        if (near === undefined || near.at > at + nearMs) break
        const entry = pop()
        if (entry !== undefined) all.push(entry)
      }
      for (const { name } of all) if (name !== '') note(`${new Date(at).toISOString().slice(11, 23)} ${name}`)
      await Promise.all(all.map(({ run }) => run()))
    },
  }
}
