import type { DomainEvent } from '@tradewind/contracts/event'
import type { EventHandler } from '@tradewind/messaging/consumer'
import type { Chance } from '@tradewind/testkit/chance'
import type { Agenda, Note } from './agenda.ts'
import { type FaultKind, likelihood } from './faults.ts'

interface Options {
  readonly chance: Chance
  readonly faults: ReadonlySet<FaultKind>
  readonly agenda: Agenda
  readonly note: Note
}

const usualMs = 5
const ackWaitMs = 30_000
const longestDelayMs = 20_000
const longestBackoffMs = 20_000

/** Carries events to all who react to them: at least once, in any order, or not at all. */
export function createBus({ chance, faults, agenda, note }: Options) {
  const handlers = new Map<string, EventHandler[]>()

  function deliver(handler: EventHandler, event: DomainEvent, time: Date, delayMs: number, attempt: number): void {
    let isHandled = false
    const again = (afterMs: number) => deliver(handler, event, time, afterMs, attempt + 1)
    const handle = async () => {
      try {
        await handler.handle({ ...event, time })
      } catch (error) {
        // Whatever a handler throws, the message stays and comes again, as it does from the broker.
        note(() => `  again later: ${error instanceof Error ? error.message : String(error)}`)
        again(Math.min(longestBackoffMs, 100 * 2 ** attempt))
      }
      isHandled = true
    }
    // Nobody has acknowledged it: the broker takes it for lost.
    const onPaused = () => agenda.add(ackWaitMs, '', async () => (isHandled ? undefined : again(0)))
    agenda.add(delayMs, `${event.type} ${nameOf(event)}`, handle, onPaused)
  }

  /** Mostly short, now and then so long that much later news comes first. */
  const delayMs = () => (faults.has('reordering') ? chance.integer(0, longestDelayMs) ** 2 / longestDelayMs : usualMs)

  return {
    subscribe: (all: readonly EventHandler[]): void => {
      for (const handler of all) {
        const { type } = handler.contract
        handlers.set(type, [...(handlers.get(type) ?? []), handler])
      }
    },
    publish: (event: DomainEvent): void => {
      for (const handler of handlers.get(event.type) ?? []) {
        if (faults.has('losses') && chance.isHit(likelihood.loss)) {
          note(() => `lost: ${event.type} ${nameOf(event)}`)
          continue
        }
        deliver(handler, event, agenda.now(), delayMs(), 0)
        if (faults.has('duplicates') && chance.isHit(likelihood.duplicate)) {
          deliver(handler, event, agenda.now(), delayMs(), 0)
        }
      }
    },
  }
}

function nameOf({ data }: DomainEvent): string {
  return typeof data === 'object' && data !== null && 'orderId' in data ? String(data.orderId) : ''
}
