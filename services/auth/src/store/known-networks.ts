import type { Db } from 'mongodb'
import type { ThrottlePolicy } from '../domain/throttle.ts'
import { type BudgetDocument, createBudgets } from './budgets.ts'

/**
 * From which networks an account was signed in to, both by their pseudonyms, also for accounts that do not exist. Each
 * has a budget of guesses in its document, so that one command tells whether it is known and takes from that.
 */
export interface KnownNetworks {
  /** Undefined when the network is not known, else how long to wait, zero when one was taken. */
  readonly take: (policy: ThrottlePolicy, who: string, network: string) => Promise<TakenByNetwork | undefined>
  readonly has: (who: string, network: string) => Promise<boolean>
  readonly giveBack: (policy: ThrottlePolicy, who: string, network: string) => void
  readonly remember: (who: string, network: string) => Promise<void>
  readonly forget: (who: string) => Promise<void>
  readonly flush: () => Promise<void>
}

export interface TakenByNetwork {
  readonly waitMs: number
  /** False when it was not remembered for a day, so that it would be forgotten although it is used. */
  readonly isFresh: boolean
}

interface KnownNetwork {
  readonly _id: string
  readonly who: string
  readonly expiresAt: Date
}

const dayMs = 24 * 3600 * 1000
const keepMs = 90 * dayMs

export function createKnownNetworks(db: Db, now: () => Date): KnownNetworks {
  const collection = db.collection<KnownNetwork>('known_networks')
  const budgets = createBudgets(db.collection<BudgetDocument>('known_networks'), now)
  const idOf = (who: string, network: string) => `${who}/${network}`
  return {
    take: async (policy, who, network) => {
      const taken = await budgets.takeExisting(policy, idOf(who, network))
      if (taken === undefined) return undefined
      const { waitMs, expiresAt } = taken
      return { waitMs, isFresh: expiresAt.getTime() > now().getTime() + keepMs - dayMs }
    },
    has: async (who, network) => {
      const found = await collection.findOne({ _id: idOf(who, network) }, { projection: { expiresAt: 1 } })
      return found !== null && found.expiresAt > now()
    },
    giveBack: (policy, who, network) => budgets.giveBack(policy, idOf(who, network)),
    remember: async (who, network) => {
      const expiresAt = new Date(now().getTime() + keepMs)
      await collection.updateOne({ _id: idOf(who, network) }, { $set: { who, expiresAt } }, { upsert: true })
    },
    forget: async (who) => {
      await collection.deleteMany({ who })
    },
    flush: budgets.flush,
  }
}
