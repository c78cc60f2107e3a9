import { randomUUID } from 'node:crypto'
import type { OutboxSource, PendingEvents, Publication } from '../src/relay.ts'

/** An outbox without a database, to look at the relay alone. */
export interface MemoryOutbox extends OutboxSource {
  /** Adds an event and announces it, as a store does after its write. Returns its id. */
  readonly add: (type: string, data: unknown, options?: { announced?: boolean; traceparent?: string }) => string
  /** Announces an event once more, as a store does when somebody asks again. */
  readonly askAgain: (id: string) => void
  readonly marked: ReadonlySet<string>
}

export function createMemoryOutbox(): MemoryOutbox {
  const waiting = new Map<string, PendingEvents>()
  const all: PendingEvents[] = []
  let last: Publication | undefined
  const marked = new Set<string>()
  let announce: (pending: PendingEvents) => void = () => undefined
  return {
    name: 'memory',
    onAnnouncement: (listener) => (announce = listener),
    markPublished: (aggregateId) => {
      waiting.delete(aggregateId)
      marked.add(aggregateId)
    },
    pending: (before, limit) =>
      Promise.resolve(
        [...waiting.values()].filter(({ entries }) => (entries[0]?.time ?? before) < before).slice(0, limit),
      ),
    replay: async (since) => {
      for (const pending of all)
        if ((pending.entries[0]?.time ?? since) >= since) waiting.set(pending.aggregateId, pending)
    },
    publications: {
      last: async () => last,
      remember: async (publication) => {
        last = publication
      },
    },
    flush: () => Promise.resolve(),
    oldestPendingAt: () => Promise.resolve([...waiting.values()][0]?.entries[0]?.time),
    askAgain: (id) => {
      for (const pending of all) if (pending.aggregateId === id) announce({ ...pending, repeated: true })
    },
    add: (type, data, { announced = true, traceparent } = {}) => {
      const id = `evt_${randomUUID().replaceAll('-', '')}`
      const entry = { seq: 1, id, type, time: new Date(), data, ...(traceparent !== undefined && { traceparent }) }
      const pending = { aggregateId: id, entries: [entry], repeated: false }
      waiting.set(id, pending)
      all.push(pending)
      if (announced) announce(pending)
      return id
    },
    marked,
  }
}
