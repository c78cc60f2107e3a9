import { setTimeout as delay } from 'node:timers/promises'
import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import { brokerAt } from '@tradewind/messaging/connection'
import { openDeadLetters } from '@tradewind/messaging/dead-letters'
import { checkInvariants, type DeadLetter, type Violation } from '@tradewind/testkit/invariants'

export interface VerifyOptions {
  readonly mongodbUrl: string
  /** Without it the dead letters are not looked at. */
  readonly natsUrl?: string
  /** Databases are this and the service's name. */
  readonly databasePrefix: string
  /** How long an order may be under way before that alone counts. */
  readonly stuckAfterMs: number
}

/** What is under way looks wrong for a moment: only what looks wrong every time counts. */
const looks = 5
const betweenLooksMs = 2000
const mostDeadLetters = 10_000

/**
 * Holds the databases, the simulated provider's ledger and the dead letters against the invariants, while the system runs.
 * Services write one after another, so an order in the middle looks wrong: what looks wrong is looked at again, and counts
 * when it does so five times within eight seconds. An order under way is wrong only after `stuckAfterMs`.
 */
export async function verify(options: VerifyOptions, now: () => number = Date.now): Promise<Violation[]> {
  const { stuckAfterMs } = options
  const isYoung = ({ invariant, documents: [order] }: Violation) =>
    invariant === 'I1' && ageMs(order, now()) < stuckAfterMs
  let suspects: ReadonlyMap<string, Violation> | undefined
  for (let look = 1; look <= looks; look += 1) {
    const found = (await violationsNow(options)).filter((violation) => !isYoung(violation))
    const before = suspects
    suspects = new Map(
      found.map((violation) => [nameOf(violation), violation] as const).filter(([name]) => before?.has(name) !== false),
    )
    if (suspects.size === 0) break
    if (look < looks) await delay(betweenLooksMs)
  }
  return [...(suspects?.values() ?? [])]
}

async function violationsNow({ mongodbUrl, natsUrl, databasePrefix }: VerifyOptions): Promise<Violation[]> {
  return await checkInvariants({
    mongodbUrl,
    deadLetters: natsUrl === undefined ? [] : await deadLettersAt(natsUrl),
    databases: {
      orders: `${databasePrefix}orders`,
      inventory: `${databasePrefix}inventory`,
      payments: `${databasePrefix}payments`,
      notifications: `${databasePrefix}notifications`,
    },
  })
}

async function deadLettersAt(natsUrl: string): Promise<DeadLetter[]> {
  const connection = await connect({ ...brokerAt(natsUrl), name: 'tradewind-verify' })
  try {
    const letters = openDeadLetters({ manager: await jetstreamManager(connection), replicas: 1 })
    const found = await letters.after(0, mostDeadLetters)
    return found.map(({ eventId = '', consumer, subject, reason }) => ({ eventId, consumer, subject, reason }))
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
