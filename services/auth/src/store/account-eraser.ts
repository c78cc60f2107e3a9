import type { Db } from 'mongodb'

/** What is removed of an account when its person is forgotten, besides what has to end in order first. */
export interface AccountEraser {
  /** Removes it all. False while something of it has news that is not out yet; then it is to be called again. */
  readonly remove: (userId: string) => Promise<boolean>
}

interface Kept {
  readonly _id: string
}

export function createAccountEraser(db: Db): AccountEraser {
  const told = { 'outbox.pendingAt': { $exists: false } }
  return {
    remove: async (userId) => {
      let isComplete = true
      for (const name of ['sessions', 'api_keys', 'authorization_codes', 'ceremonies']) {
        const collection = db.collection(name)
        await collection.deleteMany({ userId, ...told })
        if ((await collection.findOne({ userId }, { projection: { _id: 1 } })) !== null) isComplete = false
      }
      const accounts = db.collection<Kept>('accounts')
      await accounts.deleteOne({ _id: userId, ...told })
      return isComplete && (await accounts.findOne({ _id: userId }, { projection: { _id: 1 } })) === null
    },
  }
}
