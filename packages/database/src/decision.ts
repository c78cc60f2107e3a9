import type { DomainEvent } from '@tradewind/contracts/event'

/** What a use case made of an aggregate: a next state with its events, or nothing new. */
export type Decision<S> =
  | {
      readonly kind: 'changed'
      readonly state: S
      readonly events: readonly DomainEvent[]
      readonly announceAgain: readonly string[]
    }
  | { readonly kind: 'unchanged'; readonly announceAgain: readonly string[] }

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
export const announcedAgain = (...types: string[]): Decision<never> => ({ kind: 'unchanged', announceAgain: types })

/** A next state without news of its own, and older events to send once more: how a reconciler asks again. */
export const changedAndAnnouncedAgain = <S>(state: S, ...types: string[]): Decision<S> => ({
  kind: 'changed',
  state,
  events: [],
  announceAgain: types,
})
