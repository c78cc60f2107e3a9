import { hash } from 'node:crypto'
import { LRUCache } from 'lru-cache'

/** What one replica has counted since it last said so, by the hash of what is counted. */
export interface CountReport {
  readonly from: string
  /** Which window it is about, in windows since 1970. */
  readonly window: number
  readonly counts: readonly (readonly [key: string, count: number])[]
}

/** How replicas hear of each other's counts. Reports may be lost: then a limit is a little looser for one window. */
export interface CountExchange {
  readonly send: (report: CountReport) => void
  readonly onReport: (listener: (report: CountReport) => void) => void
}

export interface SharedCounts {
  /** Counts one more and says how many there are, here and as far as is known elsewhere, and when the window ends. */
  readonly count: (key: string) => { readonly current: number; readonly remainingMs: number }
  /** Tells the others what was counted since the last time. */
  readonly share: () => void
}

export interface SharedCountsOptions {
  /** Of this replica; nobody else's. */
  readonly id: string
  readonly exchange?: CountExchange | undefined
  readonly now?: () => number
}

export const windowMs = 60_000
/** Callers and addresses that are told apart; beyond, those not seen for longest are forgotten. */
const maxKeys = 100_000
/** Counts in one report, so that it stays far below a message's limit. */
export const maxReported = 1000

interface Entry {
  total: number
  unsent: number
}

/**
 * Counts in memory, in windows that begin at the same moment everywhere, and adds what other replicas report. A request
 * waits for nobody. What others admitted since their last report is not known yet: that is how far a limit can be exceeded.
 */
export function createSharedCounts({ id, exchange, now = Date.now }: SharedCountsOptions): SharedCounts {
  let window = 0
  let entries = new LRUCache<string, Entry>({ max: maxKeys })
  let unsent = new Map<string, Entry>()

  function enter(at: number) {
    const current = Math.floor(at / windowMs)
    if (current === window) return
    window = current
    entries = new LRUCache({ max: maxKeys })
    unsent = new Map()
  }
  function entryOf(digest: string): Entry {
    const known = entries.get(digest)
    if (known !== undefined) return known
    const entry = { total: 0, unsent: 0 }
    entries.set(digest, entry)
    return entry
  }

  exchange?.onReport(({ from, window: reported, counts }) => {
    enter(now())
    if (from === id || reported !== window) return
    for (const [digest, count] of counts) entryOf(digest).total += count
  })

  return {
    count: (key) => {
      const at = now()
      enter(at)
      // Callers and addresses leave the process as hashes only.
      const digest = hash('sha256', key, 'base64url').slice(0, 22)
      const entry = entryOf(digest)
      entry.total += 1
      if (exchange !== undefined && (entry.unsent > 0 || unsent.size < maxKeys)) {
        entry.unsent += 1
        unsent.set(digest, entry)
      }
      return { current: entry.total, remainingMs: (window + 1) * windowMs - at }
    },
    share: () => {
      enter(now())
      const all = [...unsent].map(([digest, entry]) => {
        const { unsent: count } = entry
        entry.unsent = 0
        return [digest, count] as const
      })
      unsent = new Map()
      for (let first = 0; first < all.length; first += maxReported)
        exchange?.send({ from: id, window, counts: all.slice(first, first + maxReported) })
    },
  }
}
