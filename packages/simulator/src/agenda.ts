import { setImmediate as nextRound } from 'node:timers/promises'
import type { Chance } from '@tradewind/testkit/chance'

interface Entry {
  readonly at: number
  readonly seq: number
  readonly name: string
  readonly run: () => Promise<void>
  readonly onPaused: (() => void) | undefined
}

/** Takes a line of the story, which is only told where somebody wants it. */
export type Note = (line: () => string) => void

/** What is still to happen, by an injected clock that jumps from one thing to the next. */
export interface Agenda {
  readonly now: () => Date
  /** `onPaused` is told when it pauses in the middle. */
  readonly add: (delayMs: number, name: string, run: () => Promise<void>, onPaused?: () => void) => void
  /** Lets others go on for so long. */
  readonly pause: (delayMs: number) => Promise<void>
  readonly size: () => number
  /** Does what is next, and with `together` some of what follows at the same time. */
  readonly next: (together: boolean) => Promise<void>
}

const start = Date.parse('2026-03-01T10:00:00Z')
const mostTogether = 4
/** Things that are so near may happen at the same time. */
const nearMs = 50

export function createAgenda(chance: Chance, note: Note): Agenda {
  const heap: Entry[] = []
  let at = start
  let time = new Date(at)
  let seq = 0
  let goOn: () => void = () => undefined
  /** Of something that was left behind while it paused. */
  let failure: { readonly cause: unknown } | undefined

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

  function add(delayMs: number, name: string, run: () => Promise<void>, onPaused?: () => void): void {
    push({ at: at + Math.max(0, Math.round(delayMs)), seq: (seq += 1), name, run, onPaused })
  }

  /** Until all have ended, or one of them pauses and the others can go no further. */
  async function runTogether(all: readonly Entry[]): Promise<void> {
    const open = new Set(all)
    await new Promise<void>((resolve, reject) => {
      goOn = resolve
      const end = (entry: Entry) => {
        open.delete(entry)
        if (open.size === 0) resolve()
      }
      const fail = (cause: unknown) => {
        failure = { cause }
        reject(cause)
      }
      for (const entry of all) entry.run().then(() => end(entry), fail)
    })
    if (open.size === 0) return
    await nextRound()
    for (const { onPaused } of open) onPaused?.()
  }

  return {
    now: () => time,
    add,
    pause: (delayMs) =>
      new Promise((resume) => {
        add(delayMs, 'goes on after a pause', async () => {
          resume()
          await nextRound()
          if (failure !== undefined) throw failure.cause
        })
        goOn()
      }),
    size: () => heap.length,
    next: async (together) => {
      const first = pop()
      if (first === undefined) return
      if (first.at !== at) time = new Date((at = first.at))
      const all = [first]
      for (let more = together ? chance.integer(0, mostTogether - 1) : 0; more > 0; more -= 1) {
        const [near] = heap
        if (near === undefined || near.at > at + nearMs) break
        const entry = pop()
        if (entry !== undefined) all.push(entry)
      }
      for (const { name } of all) if (name !== '') note(() => `${time.toISOString().slice(11, 23)} ${name}`)
      await runTogether(all)
    },
  }
}
