import { type Db, MongoServerError } from 'mongodb'

interface Lane {
  readonly _id: string
  readonly holder: string
  readonly until: Date
}

/** Who sends to an ordered endpoint now: one worker of all replicas, for as long as it renews its right. */
export interface WebhookLanes {
  /** Takes the lane, or renews the right to it. False while somebody else has it. */
  readonly take: (endpointId: string, holder: string, now: Date, until: Date) => Promise<boolean>
  readonly release: (endpointId: string, holder: string) => Promise<void>
}

export function createWebhookLanes(db: Db): WebhookLanes {
  const collection = db.collection<Lane>('webhook_lanes')
  return {
    take: async (endpointId, holder, now, until) => {
      const filter = { _id: endpointId, $or: [{ holder }, { until: { $lte: now } }] }
      try {
        const { matchedCount, upsertedCount } = await collection.updateOne(
          filter,
          { $set: { holder, until } },
          { upsert: true },
        )
        return matchedCount + upsertedCount === 1
      } catch (error) {
        if (error instanceof MongoServerError && error.code === 11000) return false
        throw error
      }
    },
    release: async (endpointId, holder) => {
      await collection.deleteOne({ _id: endpointId, holder })
    },
  }
}
