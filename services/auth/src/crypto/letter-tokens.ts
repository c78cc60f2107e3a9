import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '@tradewind/service-kit/keyring'
import type { Letter } from '../domain/letter.ts'

export interface ShownLetter {
  readonly userId: string
  readonly letterId: string
  readonly proof: string
}

/** The tokens of links in mails. Each is computed from what is stored and a key that is not, whenever it is needed. */
export interface LetterTokens {
  readonly newNonce: () => Pick<Letter, 'nonce' | 'keyId'>
  /** Undefined when the key is not configured any more. */
  readonly tokenOf: (userId: string, letter: Letter) => string | undefined
  /** Undefined when the text cannot be one of our tokens. */
  readonly parse: (token: string) => ShownLetter | undefined
  readonly proves: (shown: ShownLetter, letter: Letter) => boolean
}

const form = /^(usr_[0-9a-f]{32})\.(mal_[0-9a-f]{32})\.([A-Za-z0-9_-]{43})$/

export function createLetterTokens(keys: Keyring): LetterTokens {
  const proofOf = (userId: string, { id, kind, to, nonce, keyId }: Letter): string | undefined => {
    const key = keys.key(keyId)
    if (key === undefined) return undefined
    return createHmac('sha256', key).update([userId, id, kind, to, nonce].join('\n')).digest('base64url')
  }
  return {
    newNonce: () => ({ nonce: randomBytes(32).toString('base64url'), keyId: keys.currentId }),
    tokenOf: (userId, letter) => {
      const proof = proofOf(userId, letter)
      return proof === undefined ? undefined : `${userId}.${letter.id}.${proof}`
    },
    parse: (token) => {
      const [, userId, letterId, proof] = form.exec(token) ?? []
      if (userId === undefined || letterId === undefined || proof === undefined) return undefined
      return { userId, letterId, proof }
    },
    proves: ({ userId, proof }, letter) => {
      const expected = proofOf(userId, letter)
      return expected !== undefined && timingSafeEqual(Buffer.from(expected), Buffer.from(proof))
    },
  }
}
