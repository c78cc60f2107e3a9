import { randomBytes } from 'node:crypto'
import type { Seal } from '@tradewind/service-kit/sealing'
import { type Db, MongoServerError } from 'mongodb'

interface SecretDocument {
  readonly _id: string
  /** 256 bits, sealed with a key of the configuration. */
  readonly sealed: string
  readonly createdAt: Date
}

/** A secret that all replicas share, created when there is none of that name yet, and sealed anew under a new key. */
export async function loadSecret(db: Db, name: string, seal: Seal, now: () => Date): Promise<Buffer> {
  const collection = db.collection<SecretDocument>('secrets')
  const open = async ({ sealed }: SecretDocument) => {
    const secret = seal.open(name, sealed)
    if (!seal.isCurrent(sealed))
      await collection.updateOne({ _id: name, sealed }, { $set: { sealed: seal.seal(name, secret) } })
    return secret
  }
  const existing = await collection.findOne({ _id: name })
  if (existing !== null) return await open(existing)
  const created = randomBytes(32)
  try {
    await collection.insertOne({ _id: name, sealed: seal.seal(name, created), createdAt: now() })
    return created
  } catch (cause) {
    if (!(cause instanceof MongoServerError) || cause.code !== 11000) throw cause
    const winner = await collection.findOne({ _id: name })
    if (winner === null) throw cause
    return await open(winner)
  }
}
