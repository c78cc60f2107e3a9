import { createHash } from 'node:crypto'
import { defineError } from '@tradewind/service-kit/errors'
import { type Db, MongoServerError } from 'mongodb'

export const IdempotencyKeyReused = defineError(
  'IDEMPOTENCY_KEY_REUSED',
  'unprocessable',
  'This Idempotency-Key was used for another request.',
)

interface Claim {
  readonly _id: string
  readonly requestHash: string
  readonly at: Date
}

/** Which request each caller's idempotency key stands for. Kept 24 hours. */
export interface AdjustmentClaims {
  /** The id under which the effect is recorded. Throws `IdempotencyKeyReused` when the key stands for another request. */
  readonly claim: (userId: string, key: string, request: string) => Promise<{ id: string; replayed: boolean }>
}

const hash = (text: string) => createHash('sha256').update(text).digest('hex')

export function createAdjustmentClaims(db: Db, now: () => Date): AdjustmentClaims {
  const collection = db.collection<Claim>('adjustment_claims')
  return {
    claim: async (userId, key, request) => {
      const id = `adj_${hash(`${userId}\n${key}`)}`
      const requestHash = hash(request)
      try {
        await collection.insertOne({ _id: id, requestHash, at: now() })
        return { id, replayed: false }
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
      }
      const claimed = await collection.findOne({ _id: id })
      if (claimed !== null && claimed.requestHash !== requestHash) throw IdempotencyKeyReused({ id })
      return { id, replayed: true }
    },
  }
}
