import { createHash, createHmac, randomBytes } from 'node:crypto'
import type { Keyring } from '@tradewind/service-kit/keyring'

interface RefreshToken {
  readonly sessionId: string
  /** SHA-256 of the secret part; all that is ever stored. */
  readonly hash: string
}

export interface ShownToken extends RefreshToken {
  /**
   * The token that follows this one. It is always the same, so that two requests that show one token at the same moment
   * get one successor, although it is stored nowhere.
   */
  readonly successor: () => RefreshToken & { readonly token: string }
}

export interface RefreshTokens {
  /** A new token of 256 random bits for a session. */
  readonly create: (sessionId: string) => RefreshToken & { readonly token: string }
  /** Undefined when the text cannot be one of our tokens. */
  readonly parse: (token: string) => ShownToken | undefined
}

const form = /^(ses_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/
/** A plain hash will do: nobody can guess 256 random bits, however fast. */
const digest = (secret: string) => createHash('sha256').update(secret).digest('base64url')

const tokenOf = (sessionId: string, secret: string) => ({
  sessionId,
  hash: digest(secret),
  token: `${sessionId}.${secret}`,
})

/** Successors follow by HMAC-SHA256 under a key of the ring: who holds a token cannot tell the next. */
export function createRefreshTokens(keys: Keyring): RefreshTokens {
  const key = keys.key(keys.currentId)
  if (key === undefined) throw new Error('there is no key to make refresh tokens with')
  return {
    create: (sessionId) => tokenOf(sessionId, randomBytes(32).toString('base64url')),
    parse: (token) => {
      const [, sessionId, secret] = form.exec(token) ?? []
      if (sessionId === undefined || secret === undefined) return undefined
      return {
        sessionId,
        hash: digest(secret),
        successor: () => tokenOf(sessionId, createHmac('sha256', key).update(token).digest('base64url')),
      }
    },
  }
}
