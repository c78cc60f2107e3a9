import { createHash, randomBytes } from 'node:crypto'

interface RefreshToken {
  readonly sessionId: string
  /** SHA-256 of the secret part; all that is ever stored. */
  readonly hash: string
}

export interface RefreshTokens {
  /** A new token of 256 random bits for a session. */
  readonly create: (sessionId: string) => RefreshToken & { readonly token: string }
  /** Undefined when the text cannot be one of our tokens. */
  readonly parse: (token: string) => RefreshToken | undefined
}

const form = /^(ses_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/
/** A plain hash will do: nobody can guess 256 random bits, however fast. */
const digest = (secret: string) => createHash('sha256').update(secret).digest('base64url')

export const refreshTokens: RefreshTokens = {
  create(sessionId) {
    const secret = randomBytes(32).toString('base64url')
    return { sessionId, hash: digest(secret), token: `${sessionId}.${secret}` }
  },
  parse(token) {
    const [, sessionId, secret] = form.exec(token) ?? []
    return sessionId === undefined || secret === undefined ? undefined : { sessionId, hash: digest(secret) }
  },
}
