import { type SpanDescription, sendInSpan } from '@tradewind/service-kit/trace'
import { type CloudEvent, spanAttributes, toHeaders } from './cloud-events.ts'
import { brokerTimeoutMs, type Messaging } from './connection.ts'
import { isInStream, retentionMs } from './streams.ts'

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
  /** Has everything wait again that was added since. What was noted as published before does not count any more. */
  readonly replay: (since: Date, at: Date) => Promise<void>
  /** Where the service's database keeps its last publication; the same for all its outboxes. */
  readonly publications: Publications
  readonly flush: () => Promise<void>
  /** When the oldest entry that is not marked was added. */
  readonly oldestPendingAt: () => Promise<Date | undefined>
}

/** Where an event lies in its stream. */
export interface Publication {
  readonly eventId: string
  readonly streamSequence: number
}

interface Publications {
  readonly last: () => Promise<Publication | undefined>
  readonly remember: (publication: Publication) => Promise<void>
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
/** How often the relay looks for what a crash or an absent broker left behind: while it knows of some, and otherwise. */
const sweepEveryMs = 1000
const sweepAtRestEveryMs = 5000
/** So long after it knew of some. */
const restAfterMs = 10_000
/** Younger entries are still on their ordinary way. */
const sweepOlderThanMs = 3000
const sweepBatch = 256
/** How often the broker is asked whether it still has what it acknowledged last, and how often that is written down. */
const lookBackEveryMs = 5000

/**
 * Publishes outbox entries: at once when they are written, and by sweeping for those that a crash, a full queue or an
 * absent broker left behind. An entry is marked only after the broker acknowledged it and all before it. A broker that does
 * not have any more what it acknowledged has lost its files, or got back older ones: then all that a stream keeps goes out again.
 */
export function startRelay(messaging: Messaging, outboxes: readonly OutboxSource[], now: () => Date): Relay {
  const { client, service, logger } = messaging
  const publications = outboxes[0]?.publications
  let inFlight = 0
  let brokerIsAway = false
  /** When something was last left behind, or found. */
  let leftBehindAt = performance.now()
  let sweptAt = 0
  let closed = false
  let sweeping: Promise<void> | undefined
  const drained: (() => void)[] = []
  /** All outboxes publish into one stream: what was acknowledged last stands for all before it. */
  let latest: Publication | undefined
  /** As the database has it. */
  let remembered: Publication | undefined
  /** True once the broker was asked for what the process before this one published last. */
  let isPastKnown = false
  let replays = 0

  const noteLatest = (publication: Publication) => {
    if (publication.streamSequence > (latest?.streamSequence ?? 0)) latest = publication
  }

  async function publish(outbox: OutboxSource, { aggregateId, entries, repeated }: PendingEvents): Promise<boolean> {
    inFlight += entries.length
    const replaysBefore = replays
    try {
      await Promise.all(
        entries.map(async (entry) => {
          const event = { ...entry, subject: aggregateId }
          const { seq: streamSequence } = await sendInSpan(entry.traceparent, describe(event), (traceparent) =>
            client.publish(entry.type, JSON.stringify(entry.data), {
              // Who asks again is to hear it again: with its id the broker would take it for a duplicate, and drop it.
              ...(!repeated && { msgID: entry.id }),
              headers: toHeaders(traceparent === undefined ? event : { ...event, traceparent }, service),
              timeout: brokerTimeoutMs,
            }),
          )
          noteLatest({ eventId: entry.id, streamSequence })
        }),
      )
      const first = entries[0]
      const last = entries.at(-1)
      // What was acknowledged before a loss may be what was lost.
      const isStillThere = replays === replaysBefore
      if (isStillThere && !repeated && first !== undefined && last !== undefined)
        outbox.markPublished(aggregateId, first.seq, last.seq)
      brokerIsAway = false
      return true
    } catch (error) {
      if (!brokerIsAway)
        logger.warn({ err: error, outbox: outbox.name }, 'events wait in the outbox: publishing failed')
      brokerIsAway = true
      leftBehindAt = performance.now()
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
      if (found.length > 0) {
        leftBehindAt = performance.now()
        await outbox.flush()
      }
      if (found.length < sweepBatch || closed || published.includes(false)) return
    }
  }

  function sweep(olderThanMs: number): Promise<void> {
    sweptAt = performance.now()
    sweeping ??= Promise.all(outboxes.map((outbox) => sweepOutbox(outbox, olderThanMs)))
      .then(() => undefined)
      .finally(() => (sweeping = undefined))
    return sweeping
  }

  const sweepAndReport = (olderThanMs: number) => {
    sweep(olderThanMs).catch((error: unknown) => logger.warn({ err: error }, 'the outbox could not be swept'))
  }

  async function lookBack(): Promise<void> {
    const asked = isPastKnown ? latest : await publications?.last()
    if (!isPastKnown) remembered = asked
    const isLost = asked !== undefined && !(await isInStream(messaging, asked))
    if (isLost) await replayAll(asked)
    isPastKnown = true
    if (isLost || asked === undefined) return
    noteLatest(asked)
    await remember(asked)
  }

  async function replayAll(lost: Publication): Promise<void> {
    logger.warn({ ...lost }, 'the broker has lost events: all that it should have go out again')
    replays += 1
    const at = now()
    await Promise.all(outboxes.map((outbox) => outbox.replay(new Date(at.getTime() - retentionMs), at)))
    leftBehindAt = performance.now()
    if (latest === lost) latest = undefined
  }

  async function remember(publication: Publication): Promise<void> {
    if (remembered === publication) return
    await publications?.remember(publication)
    remembered = publication
  }

  const looks = new Set<Promise<void>>()
  async function lookAgain(): Promise<void> {
    const look = lookBack().catch(
      // Also while the broker is away; it is asked again.
      (error: unknown) => logger.warn({ err: error }, 'the broker could not be asked what it has'),
    )
    looks.add(look)
    await look
    looks.delete(look)
  }

  for (const outbox of outboxes) {
    outbox.onAnnouncement((pending) => {
      if (!closed && !brokerIsAway && inFlight < maxInFlight) void publish(outbox, pending)
      else leftBehindAt = performance.now()
    })
  }
  messaging.onReconnect(() => {
    if (closed) return
    brokerIsAway = false
    // Not shared with one that may still wait for an answer over the connection before.
    void lookAgain().then(() => sweepAndReport(0))
  })
  void lookAgain().then(() => sweepAndReport(0))
  const timer = setInterval(() => {
    const at = performance.now()
    if (at - leftBehindAt < restAfterMs || at - sweptAt >= sweepAtRestEveryMs) sweepAndReport(sweepOlderThanMs)
  }, sweepEveryMs)
  const lookBackTimer = setInterval(() => {
    if (looks.size === 0) void lookAgain()
  }, lookBackEveryMs)

  return {
    inFlight: () => inFlight,
    sweep: () => sweep(0),
    close: async () => {
      clearInterval(timer)
      clearInterval(lookBackTimer)
      closed = true
      await Promise.all([sweeping, ...looks])
      if (inFlight > 0) await new Promise<void>((resolve) => drained.push(resolve))
      await Promise.all(outboxes.map((outbox) => outbox.flush()))
      if (latest !== undefined && isPastKnown) await remember(latest)
    },
  }
}

const describe = (event: CloudEvent) => (): SpanDescription => ({
  name: `publish ${event.type}`,
  kind: 'producer',
  attributes: { ...spanAttributes(event), 'messaging.operation.type': 'send' },
})
