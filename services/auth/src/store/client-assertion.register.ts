import { type Db, MongoServerError } from 'mongodb'

/** Remembers the assertions that clients have shown, so that each is good once. */
export interface AssertionRegister {
  /** False when it was shown before. */
  readonly claim: (clientId: string, jti: string, expiresAt: Date) => Promise<boolean>
  readonly purge: (now: Date) => Promise<number>
}

interface Claimed {
  readonly _id: string
  readonly purgeAt: Date
}

export function createAssertionRegister(db: Db): AssertionRegister {
  const collection = db.collection<Claimed>('client_assertions')
  return {
    claim: async (clientId, jti, expiresAt) => {
      try {
        await collection.insertOne({ _id: `${clientId}:${jti}`, purgeAt: expiresAt })
        return true
      } catch (error) {
        if (error instanceof MongoServerError && error.code === 11000) return false
        throw error
      }
    },
    purge: async (now) => (await collection.deleteMany({ purgeAt: { $lte: now } })).deletedCount,
  }
}
