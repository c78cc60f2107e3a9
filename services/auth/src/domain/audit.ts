export interface AuditActor {
  readonly kind: 'user' | 'client' | 'system' | 'nobody'
  readonly id?: string
}

/** What was done. Never changed and never removed; so nothing stands in it that somebody may want forgotten. */
export interface AuditEntry {
  readonly id: string
  readonly at: Date
  readonly action: string
  readonly actor: AuditActor
  /** Whom it was done to: an id, or the pseudonym of an address without an account. */
  readonly subject?: string
  /** Pseudonym of the network it came from. */
  readonly from?: string
  readonly detail: AuditDetail
}

export type AuditDetail = Readonly<Record<string, string | number | boolean>>

/** An entry's place in the chain. */
export interface Seal {
  /** Counts from 1 without a gap. */
  readonly seq: number
  /** The hash of the entry before. */
  readonly previous: string
  readonly hash: string
}

export type SealedEntry = AuditEntry & { readonly seal: Seal }

/** What the first entry takes for the hash of the one before it. */
export const genesis = '0'.repeat(64)

export type ChainFault = 'missing' | 'changed' | 'not-after-the-one-before' | 'not-the-one-noted'

/** Why an entry does not follow the one before; undefined when it does. `hashOf` computes what its seal must say. */
export function faultAfter(
  before: Pick<Seal, 'seq' | 'hash'>,
  entry: SealedEntry,
  hashOf: (entry: AuditEntry, seq: number, previous: string) => string,
): ChainFault | undefined {
  const { seq, previous, hash } = entry.seal
  if (seq !== before.seq + 1) return 'missing'
  if (previous !== before.hash) return 'not-after-the-one-before'
  return hash === hashOf(entry, seq, previous) ? undefined : 'changed'
}

const plain = /^[A-Za-z0-9_.:,/ -]{0,128}$/

/** Ids, codes and figures only: no address and no secret has this form by intention. */
export const isPlain = (detail: AuditDetail): boolean =>
  Object.values(detail).every((value) => typeof value !== 'string' || plain.test(value))
