import { fingerprint, IdempotencyKeyReused } from '@tradewind/service-kit/idempotency'
import { type Db, MongoServerError } from 'mongodb'

interface Claim {
  readonly _id: string
  readonly requestHash: string
  readonly at: Date
}

/** Which request each caller's idempotency key stands for. Kept for good: the movement bears its id. */
export interface AdjustmentClaims {
  /**
   * The id under which the effect is recorded, and whether the key was seen before. Throws `IdempotencyKeyReused` when it
   * stands for another request.
   */
  readonly claim: (userId: string, key: string, request: string) => Promise<{ id: string; isKnown: boolean }>
}

export function createAdjustmentClaims(db: Db, now: () => Date): AdjustmentClaims {
  const collection = db.collection<Claim>('adjustment_claims')
  return {
    claim: async (userId, key, request) => {
      const id = `adj_${fingerprint(`${userId}\n${key}`)}`
      const requestHash = fingerprint(request)
      try {
        await collection.insertOne({ _id: id, requestHash, at: now() })
        return { id, isKnown: false }
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
      }
      const claimed = await collection.findOne({ _id: id })
      if (claimed !== null && claimed.requestHash !== requestHash) throw IdempotencyKeyReused({ id })
      return { id, isKnown: true }
    },
  }
}
