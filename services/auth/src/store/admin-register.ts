import type { Collection, Db } from 'mongodb'

/**
 * Who is an admin, in one document, so that the last one can be told by one guarded write. Everybody in it is an admin;
 * for a moment, or after a crash, an admin may be missing, which only makes it more careful.
 */
export interface AdminRegister {
  readonly add: (userId: string) => Promise<void>
  /** False when nobody else would be left; then nothing is changed. */
  readonly remove: (userId: string) => Promise<boolean>
}

interface Register {
  readonly _id: string
  readonly userIds: readonly string[]
}

const id = 'admins'
const maxAttempts = 20

export function createAdminRegister(db: Db): AdminRegister {
  const collection: Collection<Register> = db.collection('role_holders')
  return {
    add: async (userId) => {
      await collection.updateOne({ _id: id }, { $addToSet: { userIds: userId } }, { upsert: true })
    },
    remove: async (userId) => {
      for (let attempt = 0; attempt < maxAttempts; attempt++) {
        const register = await collection.findOne({ _id: id })
        const userIds = register?.userIds ?? []
        const others = userIds.filter((one) => one !== userId)
        if (others.length === 0) return false
        // Guarded by the list it was decided on.
        const { matchedCount } = await collection.updateOne(
          { _id: id, userIds: [...userIds] },
          { $set: { userIds: others } },
        )
        if (matchedCount === 1) return true
      }
      return false
    },
  }
}
