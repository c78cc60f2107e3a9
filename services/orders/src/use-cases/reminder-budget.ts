/** How often the reconciler may ask again, and what it earns by. */
export interface ReminderBudget {
  /** Begins a round: a few are free. */
  readonly refill: () => void
  /** An order moved on by itself, so others may be asked for. */
  readonly earn: () => void
  /** True when one more may be asked for, which is then spent. */
  readonly spend: () => boolean
}

const freePerRound = 20
const perOrderThatMovesOn = 0.1
const mostSaved = 200

/**
 * Asking again costs as much as the first time. Where many orders wait because there are many, asking for all of them again
 * would leave no time for the answers; so most of the work stays what nobody had to ask for twice.
 */
export function createReminderBudget(): ReminderBudget {
  let saved = 0
  const add = (amount: number) => {
    saved = Math.min(mostSaved, saved + amount)
  }
  return {
    refill: () => add(freePerRound),
    earn: () => add(perOrderThatMovesOn),
    spend: () => {
      if (saved < 1) return false
      saved -= 1
      return true
    },
  }
}
