import { setTimeout as delay } from 'node:timers/promises'
import type { Db } from 'mongodb'

/** A change of the database's shape. Runs once per database, in the order of the list; must be safe to run again. */
export interface Migration {
  /** `0001-indexes`: the number orders, the words say what. */
  readonly name: string
  readonly up: (db: Db) => Promise<void>
}

interface Applied {
  readonly _id: string
  readonly appliedAt: Date
}

/** A lock older than this belonged to a process that died. */
const lockExpiresMs = 60_000
const waitForLockMs = 90_000

/**
 * Applies what is missing. Several replicas may start at once: one applies, the others wait for it.
 * Throws when a migration fails; those before it stay applied.
 */
export async function migrate(db: Db, migrations: readonly Migration[], now: () => Date): Promise<readonly string[]> {
  const collection = db.collection<Applied>('migrations')
  const missing = async () => {
    const applied = new Set((await collection.find().toArray()).map(({ _id }) => _id))
    return migrations.filter(({ name }) => !applied.has(name))
  }
  if ((await missing()).length === 0) return []
  await takeLock(db, now)
  try {
    const applied: string[] = []
    for (const { name, up } of await missing()) {
      await up(db)
      await collection.insertOne({ _id: name, appliedAt: now() })
      applied.push(name)
    }
    return applied
  } finally {
    await db.collection<Applied>('migration_lock').deleteOne({ _id: 'lock' })
  }
}

async function takeLock(db: Db, now: () => Date): Promise<void> {
  const locks = db.collection<Applied>('migration_lock')
  const giveUpAt = now().getTime() + waitForLockMs
  for (;;) {
    try {
      await locks.insertOne({ _id: 'lock', appliedAt: now() })
      return
    } catch (error) {
      if (!isDuplicateKey(error)) throw error
      await locks.deleteOne({ _id: 'lock', appliedAt: { $lt: new Date(now().getTime() - lockExpiresMs) } })
      if (now().getTime() > giveUpAt) {
        throw new Error('another process has held the migration lock for too long', { cause: error })
      }
      await delay(100)
    }
  }
}

const isDuplicateKey = (error: unknown): boolean =>
  typeof error === 'object' && error !== null && 'code' in error && error.code === 11000
