/** What somebody allowed an app to have, until the app fetches it with the code. */
export interface AuthorizationCode {
  readonly id: string
  /** SHA-256 of the secret part of the code. */
  readonly codeHash: string
  readonly clientId: string
  readonly userId: string
  readonly redirectUri: string
  /** SHA-256 of the verifier that only the app knows (RFC 7636). */
  readonly challenge: string
  readonly scopes: readonly string[]
  readonly expiresAt: Date
  readonly purgeAt: Date
  readonly usedAt?: Date
  /** What the code gave. */
  readonly sessionId?: string
  /** When it was shown again after that. */
  readonly reusedAt?: Date
}

const goodForMs = 60_000
/** As long as what it gave can live, so that a code shown again is still recognised. */
const keptMs = 24 * 3600 * 1000

export type NewCode = Omit<AuthorizationCode, 'expiresAt' | 'purgeAt' | 'usedAt' | 'sessionId' | 'reusedAt'>

export const createCode = (code: NewCode, now: Date): AuthorizationCode => ({
  ...code,
  expiresAt: new Date(now.getTime() + goodForMs),
  purgeAt: new Date(now.getTime() + keptMs),
})

/** What an app shows to get what the code stands for. */
export interface ShownCode {
  readonly codeHash: string
  readonly clientId: string
  readonly redirectUri: string
  readonly challenge: string
}

export type Redemption =
  | { readonly kind: 'redeemed'; readonly code: AuthorizationCode }
  /** It was used before: somebody copied it, so nobody keeps what it gave (RFC 6749, 4.1.2). */
  | { readonly kind: 'reused'; readonly code: AuthorizationCode }
  | { readonly kind: 'refused' }

/** Redeems a code for a session, once. */
export function redeemCode(code: AuthorizationCode, shown: ShownCode, sessionId: string, now: Date): Redemption {
  if (shown.codeHash !== code.codeHash) return { kind: 'refused' }
  if (code.usedAt !== undefined) return { kind: 'reused', code: { ...code, reusedAt: code.reusedAt ?? now } }
  const isMeant =
    shown.clientId === code.clientId && shown.redirectUri === code.redirectUri && shown.challenge === code.challenge
  if (!isMeant || code.expiresAt <= now) return { kind: 'refused' }
  return { kind: 'redeemed', code: { ...code, usedAt: now, sessionId } }
}
