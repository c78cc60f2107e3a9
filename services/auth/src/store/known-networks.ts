import type { Db } from 'mongodb'

/** From which networks an account was signed in to, both by their pseudonyms, also for accounts that do not exist. */
export interface KnownNetworks {
  readonly has: (who: string, network: string) => Promise<boolean>
  readonly remember: (who: string, network: string) => Promise<void>
  readonly forget: (who: string) => Promise<void>
}

interface KnownNetwork {
  readonly _id: string
  readonly who: string
  readonly expiresAt: Date
}

const keepMs = 90 * 24 * 3600 * 1000

export function createKnownNetworks(db: Db, now: () => Date): KnownNetworks {
  const collection = db.collection<KnownNetwork>('known_networks')
  const idOf = (who: string, network: string) => `${who}/${network}`
  return {
    has: async (who, network) => {
      const found = await collection.findOne({ _id: idOf(who, network) }, { projection: { expiresAt: 1 } })
      return found !== null && found.expiresAt > now()
    },
    remember: async (who, network) => {
      const expiresAt = new Date(now().getTime() + keepMs)
      await collection.updateOne({ _id: idOf(who, network) }, { $set: { who, expiresAt } }, { upsert: true })
    },
    forget: async (who) => {
      await collection.deleteMany({ who })
    },
  }
}
