import { fingerprint, IdempotencyKeyReused } from '@tradewind/service-kit/idempotency'
import { type Db, MongoServerError } from 'mongodb'

interface Claim {
  readonly _id: string
  readonly requestHash: string
  readonly at: Date
}

/** Which request each caller's idempotency key stands for. The effect bears the claim's id and outlives it. */
export interface RequestClaims {
  /** 32 hexadecimal digits for the effect's id. Throws `IdempotencyKeyReused` when the key stands for another request. */
  readonly claim: (userId: string, key: string, request: string) => Promise<string>
  /** Whether the caller used the key before, for whatever. */
  readonly isClaimed: (userId: string, key: string) => Promise<boolean>
  /** Returns how many it removed. */
  readonly forgetBefore: (before: Date) => Promise<number>
}

export function createRequestClaims(db: Db, now: () => Date): RequestClaims {
  const collection = db.collection<Claim>('request_claims')
  const idOf = (userId: string, key: string) => fingerprint(`${userId}\n${key}`).slice(0, 32)
  return {
    claim: async (userId, key, request) => {
      const id = idOf(userId, key)
      const requestHash = fingerprint(request)
      try {
        await collection.insertOne({ _id: id, requestHash, at: now() })
        return id
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
      }
      const claimed = await collection.findOne({ _id: id })
      if (claimed !== null && claimed.requestHash !== requestHash) throw IdempotencyKeyReused({ id })
      return id
    },
    isClaimed: async (userId, key) => (await collection.findOne({ _id: idOf(userId, key) })) !== null,
    forgetBefore: async (before) => (await collection.deleteMany({ at: { $lt: before } })).deletedCount,
  }
}
