/**
 * Splits an amount in proportion to shares, so that the parts sum to it exactly: each part is rounded down, and what is left
 * goes, one unit each, to the parts that lost most by it. Without any share the amount goes nowhere.
 */
export function spread(amountMinor: number, shares: readonly number[]): number[] {
  const total = shares.reduce((sum, share) => sum + share, 0)
  if (total === 0) return shares.map(() => 0)
  const exact = shares.map((share) => BigInt(amountMinor) * BigInt(share))
  const parts = exact.map((product) => Number(product / BigInt(total)))
  const lost = exact.map((product) => Number(product % BigInt(total)))
  let left = amountMinor - parts.reduce((sum, part) => sum + part, 0)
  for (const index of [...lost.keys()].sort((a, b) => (lost[b] ?? 0) - (lost[a] ?? 0))) {
    if (left === 0) break
    parts[index] = (parts[index] ?? 0) + 1
    left -= 1
  }
  return parts
}
