/** Chance that a seed repeats (mulberry32). */
export interface Chance {
  /** 0 to below 1. */
  readonly next: () => number
  /** An integer from `min` to `max`, both included. */
  readonly integer: (min: number, max: number) => number
  readonly oneOf: <T>(items: readonly [T, ...T[]]) => T
  readonly isHit: (probability: number) => boolean
  readonly shuffled: <T>(items: readonly T[]) => T[]
}

export function createChance(seed: number): Chance {
  let state = seed >>> 0
  const next = () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const integer = (min: number, max: number) => min + Math.floor(next() * (max - min + 1))
  return {
    next,
    integer,
    oneOf: (items) => items[integer(0, items.length - 1)] ?? items[0],
    isHit: (probability) => next() < probability,
    shuffled: (items) => {
      const rest = [...items]
      return items.flatMap(() => rest.splice(integer(0, rest.length - 1), 1))
    },
  }
}
