import { shareReads } from '@tradewind/database/share-reads'
import { type Db, MongoServerError } from 'mongodb'
import { type Location, LocationExists } from '../domain/location.ts'

interface LocationDocument extends Omit<Location, 'id'> {
  readonly _id: string
}

/** Most locations that one shop has. */
const maxLocations = 1000

export interface LocationRepository {
  /** Throws `LocationExists`. */
  readonly insert: (location: Location) => Promise<void>
  readonly has: (id: string) => Promise<boolean>
  /** All, lowest priority number first. Callers of one moment share one read. */
  readonly list: () => Promise<Location[]>
}

export function createLocationRepository(db: Db): LocationRepository {
  const collection = db.collection<LocationDocument>('locations')
  const all = shareReads(async () => {
    const found = await collection.find().sort({ priority: 1, _id: 1 }).limit(maxLocations).toArray()
    return new Map([['all', found.map(({ _id, ...location }) => ({ id: _id, ...location }))]])
  })
  return {
    insert: async ({ id, ...location }) => {
      try {
        await collection.insertOne({ _id: id, ...location })
      } catch (cause) {
        if (cause instanceof MongoServerError && cause.code === 11000) throw LocationExists({ id }, { cause })
        throw cause
      }
    },
    has: async (id) => (await collection.findOne({ _id: id })) !== null,
    list: async () => (await all(['all'])).get('all') ?? [],
  }
}
