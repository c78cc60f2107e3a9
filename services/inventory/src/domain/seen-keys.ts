/** Begins with this many places; doubled when half of them are taken. */
const firstPlaces = 1024

/**
 * Tells which texts came before, in eight bytes each, whatever their length. Two of a million different texts are taken
 * for one in about one of 40 million cases.
 */
export interface SeenKeys {
  /** Notes the text. False when it was noted before. */
  readonly add: (text: string) => boolean
}

/** An open hash table of 64-bit hashes. */
export function createSeenKeys(): SeenKeys {
  let high = new Uint32Array(firstPlaces)
  let low = new Uint32Array(firstPlaces)
  let count = 0

  function put(first: number, second: number): boolean {
    const mask = high.length - 1
    for (let place = second & mask; ; place = (place + 1) & mask) {
      if (high[place] === 0 && low[place] === 0) {
        high[place] = first
        low[place] = second
        return true
      }
      if (high[place] === first && low[place] === second) return false
    }
  }

  function grow(): void {
    const [highBefore, lowBefore] = [high, low]
    high = new Uint32Array(highBefore.length * 2)
    low = new Uint32Array(lowBefore.length * 2)
    highBefore.forEach((first, place) => {
      const second = lowBefore[place] ?? 0
      if (first !== 0 || second !== 0) put(first, second)
    })
  }

  return {
    add: (text) => {
      const [first, second] = hashOf(text)
      if (!put(first, second)) return false
      count += 1
      if (count * 2 > high.length) grow()
      return true
    },
  }
}

/** Two independent 32-bit hashes (cyrb53 by bryc, public domain, with both of its halves). */
function hashOf(text: string): readonly [number, number] {
  let first = 0xdeadbeef
  let second = 0x41c6ce57
  for (let index = 0; index < text.length; index += 1) {
    const code = text.charCodeAt(index)
    first = Math.imul(first ^ code, 2654435761)
    second = Math.imul(second ^ code, 1597334677)
  }
  first = Math.imul(first ^ (first >>> 16), 2246822507) ^ Math.imul(second ^ (second >>> 13), 3266489909)
  second = Math.imul(second ^ (second >>> 16), 2246822507) ^ Math.imul(first ^ (first >>> 13), 3266489909)
  return [first >>> 0, second >>> 0]
}
