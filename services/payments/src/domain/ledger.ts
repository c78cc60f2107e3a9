/** One side of a booking; what leaves one account comes to another, so a payment's entries sum to zero. */
export interface LedgerEntry {
  readonly at: Date
  readonly account: 'provider' | 'order'
  readonly amountMinor: number
  readonly reason: 'capture' | 'refund' | 'refund_failed'
  /** The capture or refund that it was booked for; missing in entries from before there were several. */
  readonly partId?: string
}

/** Both sides of an amount that came to the provider's account for us, or of one that left it when negative. */
export const book = (
  ledger: readonly LedgerEntry[],
  reason: LedgerEntry['reason'],
  partId: string,
  amountMinor: number,
  at: Date,
): LedgerEntry[] => [
  ...ledger,
  { at, account: 'provider', amountMinor, reason, partId },
  { at, account: 'order', amountMinor: -amountMinor, reason, partId },
]
