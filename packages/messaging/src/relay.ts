import { type SpanDescription, sendInSpan } from '@tradewind/service-kit/trace'
import { type CloudEvent, spanAttributes, toHeaders } from './cloud-events.ts'
import type { Messaging } from './connection.ts'
import { brokerTimeoutMs } from './connection.ts'

/** An event that waits in an aggregate's outbox. */
export interface PendingEvent {
  readonly seq: number
  readonly id: string
  readonly type: string
  readonly time: Date
  readonly data: unknown
  readonly traceparent?: string
}

export interface PendingEvents {
  readonly aggregateId: string
  readonly entries: readonly PendingEvent[]
  /** True when they were published before and are only asked for again. */
  readonly repeated: boolean
}

/** What the relay needs of a collection of outboxes; the database package's `Outbox` is one. */
export interface OutboxSource {
  readonly name: string
  readonly onAnnouncement: (listener: (pending: PendingEvents) => void) => void
  readonly markPublished: (aggregateId: string, first: number, last: number) => void
  readonly pending: (before: Date, limit: number) => Promise<readonly PendingEvents[]>
  readonly flush: () => Promise<void>
  /** When the oldest entry that is not marked was added. */
  readonly oldestPendingAt: () => Promise<Date | undefined>
}

export interface Relay {
  /** Entries that are with the broker but not acknowledged yet. */
  readonly inFlight: () => number
  /** Publishes everything that waits, now. */
  readonly sweep: () => Promise<void>
  /** Stops sweeping, waits for what is under way and writes the marks. */
  readonly close: () => Promise<void>
}

/** Publications under way at once. What comes above that waits for the sweep. */
const maxInFlight = 2048
/** How often the relay looks for what a crash or an absent broker left behind. */
const sweepEveryMs = 1000
/** Younger entries are still on their ordinary way. */
const sweepOlderThanMs = 3000
const sweepBatch = 256

/**
 * Publishes outbox entries: at once when they are written, and by sweeping for those that a crash, a full queue or an
 * absent broker left behind. An entry is marked only after the broker acknowledged it and all before it.
 */
export function startRelay(messaging: Messaging, outboxes: readonly OutboxSource[], now: () => Date): Relay {
  const { client, service, logger } = messaging
  let inFlight = 0
  let brokerIsAway = false
  let closed = false
  let sweeping: Promise<void> | undefined
  const drained: (() => void)[] = []

  async function publish(outbox: OutboxSource, { aggregateId, entries, repeated }: PendingEvents): Promise<boolean> {
    inFlight += entries.length
    try {
      await Promise.all(
        entries.map((entry) => {
          const event = { ...entry, subject: aggregateId }
          return sendInSpan(entry.traceparent, describe(event), (traceparent) =>
            client.publish(entry.type, JSON.stringify(entry.data), {
              msgID: entry.id,
              headers: toHeaders(traceparent === undefined ? event : { ...event, traceparent }, service),
              timeout: brokerTimeoutMs,
            }),
          )
        }),
      )
      const first = entries[0]
      const last = entries.at(-1)
      if (!repeated && first !== undefined && last !== undefined) outbox.markPublished(aggregateId, first.seq, last.seq)
      brokerIsAway = false
      return true
    } catch (error) {
      if (!brokerIsAway)
        logger.warn({ err: error, outbox: outbox.name }, 'events wait in the outbox: publishing failed')
      brokerIsAway = true
      return false
    } finally {
      inFlight -= entries.length
      if (inFlight === 0) for (const tell of drained.splice(0)) tell()
    }
  }

  async function sweepOutbox(outbox: OutboxSource, olderThanMs: number): Promise<void> {
    const before = new Date(now().getTime() - olderThanMs)
    for (;;) {
      const found = await outbox.pending(before, sweepBatch)
      const published = await Promise.all(found.map((pending) => publish(outbox, pending)))
      if (found.length > 0) await outbox.flush()
      if (found.length < sweepBatch || closed || published.includes(false)) return
    }
  }

  function sweep(olderThanMs: number): Promise<void> {
    sweeping ??= Promise.all(outboxes.map((outbox) => sweepOutbox(outbox, olderThanMs)))
      .then(() => undefined)
      .finally(() => (sweeping = undefined))
    return sweeping
  }

  const sweepAndReport = (olderThanMs: number) => {
    sweep(olderThanMs).catch((error: unknown) => logger.warn({ err: error }, 'the outbox could not be swept'))
  }

  for (const outbox of outboxes) {
    outbox.onAnnouncement((pending) => {
      if (!closed && !brokerIsAway && inFlight < maxInFlight) void publish(outbox, pending)
    })
  }
  messaging.onReconnect(() => {
    brokerIsAway = false
    sweepAndReport(0)
  })
  sweepAndReport(0)
  const timer = setInterval(() => sweepAndReport(sweepOlderThanMs), sweepEveryMs)

  return {
    inFlight: () => inFlight,
    sweep: () => sweep(0),
    close: async () => {
      clearInterval(timer)
      closed = true
      await sweeping
      if (inFlight > 0) await new Promise<void>((resolve) => drained.push(resolve))
      await Promise.all(outboxes.map((outbox) => outbox.flush()))
    },
  }
}

const describe = (event: CloudEvent) => (): SpanDescription => ({
  name: `publish ${event.type}`,
  kind: 'producer',
  attributes: { ...spanAttributes(event), 'messaging.operation.type': 'send' },
})
