import { defineError } from '@tradewind/service-kit/errors'
import type { Method } from './authentication.ts'

/** What a sign-in or a registration in several steps remembers between them. Good once, and not for long. */
export type Ceremony = Readonly<{
  id: string
  expiresAt: Date
  purgeAt: Date
  usedAt?: Date
}> &
  CeremonyFacts

export type CeremonyFacts =
  /** Somebody has shown a first factor. */
  | {
      readonly kind: 'second-factor'
      readonly userId: string
      readonly secretHash: string
      readonly methods: readonly Method[]
      readonly tries: number
    }
  | { readonly kind: 'passkey-registration'; readonly userId: string; readonly challenge: string }
  | { readonly kind: 'passkey-sign-in'; readonly challenge: string }
  /** Somebody was sent to another provider. */
  | {
      readonly kind: 'provider'
      readonly provider: string
      readonly nonce: string
      readonly codeVerifier: string
      /** In a cookie of the browser that was sent, so that nobody else's answer is taken for it. */
      readonly browserHash: string
      readonly cookies: boolean
    }

export type CeremonyOf<K extends Ceremony['kind']> = Extract<Ceremony, { readonly kind: K }>

export const CeremonyOver = defineError(
  'AUTH_CEREMONY_OVER',
  'unauthenticated',
  'This sign-in was completed, took too long, or had too many tries. Begin again.',
)

const lifetimeMs = 5 * 60_000
const maxTries = 5

export const beginCeremony = (id: string, facts: CeremonyFacts, now: Date): Ceremony => {
  const expiresAt = new Date(now.getTime() + lifetimeMs)
  return { id, expiresAt, purgeAt: expiresAt, ...facts }
}

/** Throws `CeremonyOver` unless it is of this kind and still good. */
export function requireOpen<K extends Ceremony['kind']>(
  ceremony: Ceremony | undefined,
  kind: K,
  now: Date,
): CeremonyOf<K> {
  if (ceremony === undefined || !isKind(ceremony, kind)) throw CeremonyOver()
  if (ceremony.usedAt !== undefined || ceremony.expiresAt <= now) throw CeremonyOver({ id: ceremony.id })
  return ceremony
}

const isKind = <K extends Ceremony['kind']>(ceremony: Ceremony, kind: K): ceremony is CeremonyOf<K> =>
  ceremony.kind === kind

export const useCeremony = (ceremony: Ceremony, now: Date): Ceremony => ({ ...ceremony, usedAt: now })

/** Counts a try before it is made, so that many at once are not more. Throws `CeremonyOver` after the last. */
export function countTry(ceremony: CeremonyOf<'second-factor'>): Ceremony {
  if (ceremony.tries >= maxTries) throw CeremonyOver({ id: ceremony.id })
  return { ...ceremony, tries: ceremony.tries + 1 }
}
