import type { DeadLetter, DeadLetters } from '@tradewind/messaging/dead-letters'
import { defineError } from '@tradewind/service-kit/errors'

export const DeadLetterNotFound = defineError(
  'ORDERS_DEAD_LETTER_NOT_FOUND',
  'not-found',
  'There is no such dead letter; it may have been replayed or discarded.',
)

/** What operators do with events that a consumer of any service gave up. All but `after` throw `DeadLetterNotFound`. */
export interface RepairDeadLetters {
  readonly after: (sequence: number, limit: number) => Promise<DeadLetter[]>
  readonly find: (sequence: number) => Promise<DeadLetter>
  /** Has the service that gave it up handle it now, as it is. Resolves to why that failed again, if it did. */
  readonly replay: (sequence: number, operatorId: string) => Promise<string | undefined>
  readonly discard: (sequence: number, reason: string, operatorId: string) => Promise<void>
}

interface Ports {
  readonly letters: DeadLetters
  /** Asks the service that gave it up. */
  readonly askReplay: (letter: DeadLetter) => Promise<string | undefined>
  readonly note: (what: string, letter: DeadLetter, detail: Readonly<Record<string, unknown>>) => void
}

export function makeRepairDeadLetters({ letters, askReplay, note }: Ports): RepairDeadLetters {
  async function find(sequence: number): Promise<DeadLetter> {
    const letter = await letters.find(sequence)
    if (letter === undefined) throw DeadLetterNotFound({ sequence })
    return letter
  }
  return {
    after: letters.after,
    find,
    replay: async (sequence, operatorId) => {
      const letter = await find(sequence)
      const failure = await askReplay(letter)
      // Removed only once it is handled: handling it twice changes nothing, losing it would.
      if (failure === undefined) await letters.remove(sequence)
      note('a dead letter was replayed', letter, { operatorId, ...(failure !== undefined && { failure }) })
      return failure
    },
    discard: async (sequence, reason, operatorId) => {
      const letter = await find(sequence)
      await letters.remove(sequence)
      note('a dead letter was discarded', letter, { operatorId, reason })
    },
  }
}
