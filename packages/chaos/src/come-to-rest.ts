import { eventually } from '@tradewind/testkit/eventually'
import type { Violation } from '@tradewind/testkit/invariants'

interface Look {
  readonly ordersUnderWay: () => Promise<number>
  /** Everything that does not hold. Reading all of it costs so much that it would hold up what is still under way. */
  readonly violations: () => Promise<readonly Violation[]>
}

const restWithinMs = 60_000
const lastLookMs = 2000
const lookEveryMs = 1000

/**
 * Looks until every order has ended and everything holds, and reports what does not when the time is up. A system that could
 * not be looked at to the end is a violation, too: nothing is known of it.
 */
export async function comeToRest(
  look: Look,
  say: (line: string) => void,
  { withinMs = restWithinMs, everyMs = lookEveryMs } = {},
): Promise<readonly Violation[]> {
  const startedAt = performance.now()
  const elapsedMs = () => Math.round(performance.now() - startedAt)
  let violations: readonly Violation[] = []
  try {
    await eventually(
      async () => {
        const open = await look.ordersUnderWay()
        if (open > 0 && elapsedMs() < withinMs - lastLookMs) {
          say(`  ${elapsedMs()} ms: ${open} orders under way`)
          return false
        }
        violations = await look.violations()
        if (violations.length > 0) say(`  ${elapsedMs()} ms: ${countOf(violations)}`)
        return violations.length === 0
      },
      { timeoutMs: withinMs, everyMs },
    )
    return []
  } catch (error) {
    if (violations.length > 0) return violations
    const why = error instanceof Error ? error.message : String(error)
    return [{ invariant: 'rest', message: `the system could not be looked at: ${why}`, documents: [] }]
  }
}

/** `I1 12, I8 3` */
const countOf = (violations: readonly Violation[]): string =>
  Object.entries(Object.groupBy(violations, ({ invariant }) => invariant))
    .map(([invariant, found = []]) => `${invariant} ${found.length}`)
    .join(', ')
