import type { DomainEvent } from '@tradewind/contracts/event'
import { AggregateNotFound, type Aggregates, DuplicateKey, type Stored } from './aggregate-store.ts'
import type { Announceable, Decision } from './decision.ts'

export interface MemoryAggregatesOptions {
  readonly now: () => Date
  /** Carries out one step of the database. Rejects in a process that has died, before or after the step. */
  readonly step: <T>(apply: () => T) => Promise<T>
  /** Told of events that were written, and of older ones that somebody asked for again. */
  readonly announce: (event: DomainEvent) => void
}

/** Aggregates of one kind without a database: a decision and its write are one step, as a guarded update makes them. */
export function createMemoryAggregates<S extends { id: string }>(
  all: Map<string, S & Stored>,
  said: Map<string, DomainEvent[]>,
  { now, step, announce }: MemoryAggregatesOptions,
  /** Throws `DuplicateKey` for what a unique index would refuse. */
  refuseTwins: (state: S) => void = () => undefined,
): Aggregates<S> {
  const sayAgain = (id: string, asked: string | Announceable) => {
    const event = said.get(id)?.findLast((one) => isAsked(asked, one))
    if (event !== undefined) announce(event)
  }

  function save(id: string, before: (S & Stored) | undefined, decision: Decision<S>): (S & Stored) | undefined {
    for (const asked of decision.announceAgain) sayAgain(id, asked)
    if (decision.kind === 'unchanged') return before
    const version = (before?.version ?? 0) + 1
    const saved = { ...decision.state, version, createdAt: before?.createdAt ?? now(), updatedAt: now() }
    all.set(id, saved)
    if (decision.events.length > 0) said.set(id, [...(said.get(id) ?? []), ...decision.events])
    for (const event of decision.events) announce(event)
    return saved
  }

  return {
    upsert: (id, decide) => step(() => save(id, all.get(id), decide(all.get(id)))),
    find: (id) => step(() => all.get(id)),
    insert: (state, ...events) =>
      step(() => {
        if (all.has(state.id)) throw DuplicateKey({ id: state.id })
        refuseTwins(state)
        const saved = save(state.id, undefined, { kind: 'changed', state, events, announceAgain: [] })
        if (saved === undefined) throw AggregateNotFound({ id: state.id })
        return saved
      }),
    update: (id, decide) =>
      step(() => {
        const before = all.get(id)
        const saved = before === undefined ? undefined : save(id, before, decide(before))
        if (saved === undefined) throw AggregateNotFound({ id })
        return saved
      }),
  }
}

function isAsked(asked: string | Announceable, { type, data }: DomainEvent): boolean {
  if (typeof asked === 'string') return type === asked
  const fields = new Map(typeof data === 'object' && data !== null ? Object.entries(data) : [])
  return type === asked.type && Object.entries(asked.having ?? {}).every(([name, value]) => fields.get(name) === value)
}
