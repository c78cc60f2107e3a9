import { type Db, MongoServerError } from 'mongodb'
import { generateSigningKey, type StoredKey } from '../crypto/signing-key.ts'

interface KeyDocument extends StoredKey {
  /** Counts the keys from 1. The unique guard: of replicas that start together, one creates the first key. */
  readonly _id: number
  readonly createdAt: Date
}

const firstGeneration = 1

/** The key that signs, created when there is none yet. */
export async function loadSigningKey(db: Db, now: () => Date): Promise<StoredKey> {
  const collection = db.collection<KeyDocument>('signing_keys')
  const existing = await collection.findOne({ _id: firstGeneration })
  if (existing !== null) return existing
  const created = await generateSigningKey()
  try {
    await collection.insertOne({ _id: firstGeneration, createdAt: now(), ...created })
    return created
  } catch (cause) {
    if (!(cause instanceof MongoServerError) || cause.code !== 11000) throw cause
    const winner = await collection.findOne({ _id: firstGeneration })
    if (winner === null) throw cause
    return winner
  }
}
