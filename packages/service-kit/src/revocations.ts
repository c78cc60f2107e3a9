/** What a token says of itself, as far as revocations go. */
export interface TokenFacts {
  readonly userId: string
  /** The session, the API key or the client that it was given to. */
  readonly sessionId: string
  /** How often its subject's access had changed when it was issued. */
  readonly accessVersion: number
  readonly issuedAt: number
  /** The key that signed it. */
  readonly kid: string
}

/**
 * Which access tokens are worth nothing any more although they have not expired. Remembered for as long as a token can
 * live, at most so many; then the oldest is forgotten, and every token that is as old as that is refused with it.
 */
export interface Revocations {
  /** A session, an API key or a client has ended: none of its tokens is good. */
  readonly end: (sessionId: string, at: Date) => void
  /** A subject's access has changed for the `version`-th time: tokens of earlier versions are not good. */
  readonly outdate: (subject: string, version: number, at: Date) => void
  /** A key is compromised: nothing that it signed is good, for as long as this process runs. Later ones do not get it. */
  readonly withdrawKey: (kid: string) => void
  readonly isWithdrawn: (kid: string) => boolean
  readonly covers: (token: TokenFacts) => boolean
  readonly size: () => number
}

export interface RevocationsOptions {
  readonly now?: () => number
  readonly max?: number
}

/** The longest that an access token may live; a verifier takes none that lives longer. */
export const maxTokenLifetimeSeconds = 600
/** Clocks of different machines may differ by as much. */
const clockSkewMs = 60_000
const maxRemembered = 100_000

interface Entry {
  readonly leastVersion: number
  readonly at: number
}

export function createRevocations({ now = Date.now, max = maxRemembered }: RevocationsOptions = {}): Revocations {
  const entries = new Map<string, Entry>()
  // Not forgotten, since who has the key can sign at any time. There are never many.
  const withdrawnKeys = new Set<string>()
  let allUntil = Number.NEGATIVE_INFINITY

  const isOver = ({ at }: Entry) => at + maxTokenLifetimeSeconds * 1000 + clockSkewMs <= now()

  function forgetOldest() {
    for (const [name, entry] of entries) {
      if (!isOver(entry)) {
        if (entries.size <= max) return
        allUntil = Math.max(allUntil, entry.at)
      }
      entries.delete(name)
    }
  }

  function remember(name: string, leastVersion: number, at: Date) {
    const known = entries.get(name)
    if (known !== undefined && known.leastVersion >= leastVersion) return
    const entry = { leastVersion, at: at.getTime() }
    if (isOver(entry)) return
    entries.delete(name)
    entries.set(name, entry)
    forgetOldest()
  }

  const leastVersionOf = (name: string) => entries.get(name)?.leastVersion ?? Number.NEGATIVE_INFINITY

  return {
    end: (sessionId, at) => remember(sessionId, Number.POSITIVE_INFINITY, at),
    outdate: (subject, version, at) => remember(subject, version, at),
    withdrawKey: (kid) => void withdrawnKeys.add(kid),
    isWithdrawn: (kid) => withdrawnKeys.has(kid),
    covers: ({ userId, sessionId, accessVersion, issuedAt, kid }) =>
      withdrawnKeys.has(kid) ||
      issuedAt <= allUntil ||
      leastVersionOf(sessionId) > accessVersion ||
      leastVersionOf(userId) > accessVersion,
    size: () => entries.size,
  }
}
