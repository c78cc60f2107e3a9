import { setTimeout as delay } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { brokerAt } from '@tradewind/messaging/connection'
import { openDeadLetters } from '@tradewind/messaging/dead-letters'
import { type Part, parts } from '@tradewind/testkit/check-invariants'
import { type Violation, violationsOfDeadLetters } from '@tradewind/testkit/invariants'
import { MongoClient } from 'mongodb'

export interface VerifyOptions {
  readonly mongodbUrl: string
  /** Without it the dead letters are not looked at. */
  readonly natsUrl?: string
  /** Databases are this and the service's name. */
  readonly databasePrefix: string
  /** How long an order may be under way before that alone counts. */
  readonly stuckAfterMs: number
}

export interface Verdict {
  /** The first that were found, at most `mostShown`. */
  readonly violations: readonly Violation[]
  /** How many more there are, by invariant. */
  readonly notShown: Readonly<Record<string, number>>
}

/** What is under way looks wrong for a moment: only what looks wrong every time counts. */
const looksAtSuspects = 5
const betweenLooksMs = 2000
/** Parts with suspects that wait to be looked at again, together. */
const mostWaiting = 50
const mostShown = 100
const mostDeadLetters = 10_000

/** A part in which something looked wrong every time so far. */
interface Suspicion {
  readonly again: Part['again']
  readonly names: ReadonlySet<string>
}

/**
 * Holds the databases, the simulated provider's ledger and the dead letters against the invariants, while the system runs, in
 * parts that fit into memory. Services write one after another, so an order in the middle looks wrong: a part in which
 * something looks wrong is looked at again, and what does so five times within eight seconds counts. An order under way is
 * wrong only after `stuckAfterMs`.
 */
export async function verify(options: VerifyOptions, now: () => number = Date.now): Promise<Verdict> {
  const { mongodbUrl, natsUrl, databasePrefix, stuckAfterMs } = options
  const isYoung = ({ invariant, documents: [order] }: Violation) =>
    invariant === 'I1' && ageMs(order, now()) < stuckAfterMs
  const violations: Violation[] = []
  const notShown: Record<string, number> = {}
  const report = (violation: Violation) => {
    if (violations.length < mostShown) violations.push(violation)
    else notShown[violation.invariant] = (notShown[violation.invariant] ?? 0) + 1
  }

  async function settle(suspicions: readonly Suspicion[]): Promise<void> {
    let left = suspicions
    for (let look = 2; look <= looksAtSuspects && left.length > 0; look += 1) {
      await delay(betweenLooksMs)
      const still: Suspicion[] = []
      for (const { again, names } of left) {
        const found = (await again()).filter((violation) => names.has(nameOf(violation)) && !isYoung(violation))
        if (found.length > 0) still.push({ again, names: new Set(found.map(nameOf)) })
        if (look === looksAtSuspects) for (const violation of found) report(violation)
      }
      left = still
    }
  }

  const client = await MongoClient.connect(mongodbUrl)
  try {
    let waiting: Suspicion[] = []
    for await (const part of everyPart(client, databasePrefix, natsUrl)) {
      const found = part.found.filter((violation) => !isYoung(violation))
      if (found.length > 0) waiting.push({ again: part.again, names: new Set(found.map(nameOf)) })
      if (waiting.length < mostWaiting) continue
      await settle(waiting)
      waiting = []
    }
    await settle(waiting)
  } finally {
    await client.close()
  }
  return { violations, notShown }
}

async function* everyPart(client: MongoClient, databasePrefix: string, natsUrl?: string): AsyncGenerator<Part> {
  yield* parts(client, databasePrefix)
  if (natsUrl === undefined) return
  const again = () => deadLettersAt(natsUrl)
  yield { found: await again(), again }
}

async function deadLettersAt(natsUrl: string): Promise<Violation[]> {
  const connection = await connect({ ...brokerAt(natsUrl), name: 'tradewind-verify' })
  try {
    const letters = openDeadLetters({ manager: await jetstreamManager(connection), replicas: 1 })
    const found = await letters.after(0, mostDeadLetters)
    return violationsOfDeadLetters(
      found.map(({ eventId = '', consumer, subject, reason }) => ({ eventId, consumer, subject, reason })),
      [],
    )
  } finally {
    await connection.close()
  }
}

/** The same for the same fault, though figures in its message may have changed. */
const nameOf = ({ invariant, message, documents }: Violation): string => {
  const named = message.match(/[a-z]{3}_[0-9a-f]{32}/g) ?? []
  return [invariant, ...documents.map(idOf), ...named, message.replaceAll(/\d+/g, '#')].join(' ')
}

const idOf = (document: unknown): string =>
  JSON.stringify(fieldOf(document, '_id') ?? fieldOf(document, 'eventId') ?? '')

const ageMs = (order: unknown, now: number): number => {
  const since = fieldOf(order, 'since')
  return since instanceof Date ? now - since.getTime() : Number.POSITIVE_INFINITY
}

const fieldOf = (document: unknown, name: string): unknown =>
  typeof document === 'object' && document !== null ? Reflect.get(document, name) : undefined
