import { createHash, randomBytes, timingSafeEqual } from 'node:crypto'

/** A secret of 256 random bits with what may be stored of it. Nobody can guess so many, so a plain hash will do. */
export interface NewSecret {
  readonly secret: string
  readonly hash: string
}

export interface Secrets {
  /** `twk_…` with a prefix. */
  readonly create: (prefix?: string) => NewSecret
  readonly hash: (secret: string) => string
  /** True when the secret belongs to the hash. */
  readonly matches: (secret: string, hash: string) => boolean
}

const hash = (secret: string) => createHash('sha256').update(secret).digest('base64url')

export const secrets: Secrets = {
  create: (prefix = '') => {
    const secret = prefix + randomBytes(32).toString('base64url')
    return { secret, hash: hash(secret) }
  },
  hash,
  matches: (secret, expected) => {
    const [given, wanted] = [Buffer.from(hash(secret)), Buffer.from(expected)]
    return given.length === wanted.length && timingSafeEqual(given, wanted)
  },
}
