import { type Db, MongoServerError } from 'mongodb'

/** Which webhooks were taken in. Providers send again for days; what is older is forgotten. */
export interface WebhookEvents {
  readonly has: (provider: string, eventId: string) => Promise<boolean>
  readonly add: (provider: string, eventId: string) => Promise<void>
  /** Returns how many it removed. */
  readonly forgetBefore: (before: Date) => Promise<number>
}

export function createWebhookEvents(db: Db, now: () => Date): WebhookEvents {
  const collection = db.collection<{ _id: string; at: Date }>('webhook_events')
  const idOf = (provider: string, eventId: string) => `${provider}:${eventId}`
  return {
    has: async (provider, eventId) => (await collection.findOne({ _id: idOf(provider, eventId) })) !== null,
    add: async (provider, eventId) => {
      try {
        await collection.insertOne({ _id: idOf(provider, eventId), at: now() })
      } catch (error) {
        if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
      }
    },
    forgetBefore: async (before) => (await collection.deleteMany({ at: { $lt: before } })).deletedCount,
  }
}
