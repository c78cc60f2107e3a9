import { createHash } from 'node:crypto'

/** 43 to 128 unreserved characters (RFC 7636, 4.1). */
const form = /^[A-Za-z0-9._~-]{43,128}$/

/** The S256 challenge of a verifier; undefined for what is none. */
export const challengeOf = (verifier: string): string | undefined =>
  form.test(verifier) ? createHash('sha256').update(verifier).digest('base64url') : undefined
