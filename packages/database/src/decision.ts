import type { DomainEvent } from '@tradewind/contracts/event'

/** The latest published event of a type; where there are several, the latest whose data has these fields. */
export interface Announceable {
  readonly type: string
  /** `undefined` stands for a field that is missing. */
  readonly having?: Readonly<Record<string, unknown>>
}

/** What a use case made of an aggregate: a next state with its events, or nothing new. */
export type Decision<S> =
  | {
      readonly kind: 'changed'
      readonly state: S
      readonly events: readonly DomainEvent[]
      readonly announceAgain: readonly Announceable[]
    }
  | { readonly kind: 'unchanged'; readonly announceAgain: readonly Announceable[] }

/** The next state and the events that go out with it, in one write. */
export const changed = <S>(state: S, ...events: DomainEvent[]): Decision<S> => ({
  kind: 'changed',
  state,
  events,
  announceAgain: [],
})

const nothing: Decision<never> = { kind: 'unchanged', announceAgain: [] }

/** Nothing to write: the command was carried out before, or does not apply any more. */
export const unchanged = (): Decision<never> => nothing

/**
 * Nothing to write, but whoever asks again may not have heard the answer: the latest event of each of these types that
 * the aggregate has published goes out once more, with its own id.
 */
export const announcedAgain = (...events: readonly (string | Announceable)[]): Decision<never> => ({
  kind: 'unchanged',
  announceAgain: events.map(announceable),
})

/** A next state without news of its own, and older events to send once more: how a reconciler asks again. */
export const changedAndAnnouncedAgain = <S>(state: S, ...events: readonly (string | Announceable)[]): Decision<S> => ({
  kind: 'changed',
  state,
  events: [],
  announceAgain: events.map(announceable),
})

const announceable = (event: string | Announceable): Announceable =>
  typeof event === 'string' ? { type: event } : event

/** True when an event of an outbox is the one that is asked for. */
export function isAsked(
  { type, having = {} }: Announceable,
  event: { readonly type: string; readonly data: unknown },
): boolean {
  if (event.type !== type) return false
  const data: Readonly<Record<string, unknown>> = Object(event.data)
  return Object.entries(having).every(([field, value]) => data[field] === value)
}
