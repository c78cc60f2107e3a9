import { createHmac, timingSafeEqual } from 'node:crypto'
import type { Keyring } from '@tradewind/service-kit/keyring'

/** What one link in a mail switches off. */
export interface Unsubscription {
  readonly userId: string
  readonly category: string
}

export interface UnsubscribeTokens {
  readonly create: (what: Unsubscription) => string
  /** Undefined for a token that is not ours. A token does not expire: an old mail's link must go on working. */
  readonly open: (token: string) => Unsubscription | undefined
}

export function createUnsubscribeTokens(keys: Keyring): UnsubscribeTokens {
  const signature = (keyId: string, payload: string): Buffer | undefined => {
    const key = keys.key(keyId)
    return key && createHmac('sha256', key).update(payload).digest()
  }
  return {
    create: ({ userId, category }) => {
      const payload = `${userId}.${category}`
      return `${payload}.${keys.currentId}.${signature(keys.currentId, payload)?.toString('base64url') ?? ''}`
    },
    open: (token) => {
      const [userId = '', category = '', keyId = '', given = ''] = token.split('.')
      const expected = signature(keyId, `${userId}.${category}`)
      const bytes = Buffer.from(given, 'base64url')
      if (expected === undefined || bytes.length !== expected.length || !timingSafeEqual(bytes, expected))
        return undefined
      return { userId, category }
    },
  }
}
