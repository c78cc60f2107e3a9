import { startBackends } from '@tradewind/testkit/backends'
import { MongoClient } from 'mongodb'
import { expect, test } from 'vitest'
import { isOnlyDuplicates } from '../src/bulk-errors.ts'
import { isUnavailable } from '../src/connection.ts'

interface Entry {
  readonly _id: string
}

const failureOf = (written: Promise<unknown>): Promise<unknown> =>
  written.then(
    () => undefined,
    (error: unknown) => error,
  )

// A server that others use cannot be stopped.
test.skipIf(process.env['MONGODB_URL'])(
  'a bulk write that meets documents which exist is told from one whose connection broke',
  async () => {
    const backends = await startBackends()
    const client = await MongoClient.connect(backends.mongodbUrl, { serverSelectionTimeoutMS: 500 })
    try {
      const entries = client.db(backends.databaseName('bulk')).collection<Entry>('entries')
      const insert = (...ids: string[]) =>
        failureOf(
          entries.insertMany(
            ids.map((_id) => ({ _id })),
            { ordered: false },
          ),
        )
      expect(await insert('a', 'b')).toBeUndefined()
      const refused = await insert('b', 'c')
      expect([isOnlyDuplicates(refused), isUnavailable(refused)]).toEqual([true, false])
      await backends.stop()
      const lost = await insert('d', 'e')
      expect(lost).toMatchObject({ name: 'MongoBulkWriteError' })
      expect([isOnlyDuplicates(lost), isUnavailable(lost)]).toEqual([false, true])
    } finally {
      await client.close()
    }
  },
)

test('what the system says of a broken connection is no fault of the request', () => {
  const broken = Object.assign(new Error('write ECONNRESET'), { code: 'ECONNRESET', syscall: 'write' })
  expect([isUnavailable(broken), isUnavailable(new Error('write ECONNRESET'))]).toEqual([true, false])
})
