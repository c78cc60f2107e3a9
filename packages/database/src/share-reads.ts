/** Reads under way at once. */
const maxInFlight = 2
/** Keys of one read. */
const maxKeys = 1000

interface Round<T> {
  readonly keys: Set<string>
  readonly answer: PromiseWithResolvers<ReadonlyMap<string, T>>
}

/**
 * Lets callers of one moment share one read. Whoever asks while reads are under way waits for the next, so nobody is told
 * what was read before they asked.
 */
export function shareReads<T>(
  read: (keys: readonly string[]) => Promise<ReadonlyMap<string, T>>,
): (keys: readonly string[]) => Promise<ReadonlyMap<string, T>> {
  const rounds: Round<T>[] = []
  let inFlight = 0
  let scheduled = false

  function schedule() {
    if (scheduled || rounds.length === 0 || inFlight >= maxInFlight) return
    scheduled = true
    setImmediate(() => {
      scheduled = false
      const round = rounds.shift()
      if (round !== undefined) void carryOut(round)
      schedule()
    })
  }

  async function carryOut({ keys, answer }: Round<T>) {
    inFlight += 1
    try {
      answer.resolve(await read([...keys]))
    } catch (error) {
      answer.reject(error)
    } finally {
      inFlight -= 1
      schedule()
    }
  }

  return (keys) => {
    let round = rounds.at(-1)
    if (round === undefined || round.keys.size + keys.length > maxKeys) {
      round = { keys: new Set(), answer: Promise.withResolvers() }
      rounds.push(round)
    }
    for (const key of keys) round.keys.add(key)
    schedule()
    return round.answer.promise
  }
}
