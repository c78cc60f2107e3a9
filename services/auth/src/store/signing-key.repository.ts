import type { Seal } from '@tradewind/service-kit/sealing'
import { type Collection, type Db, MongoServerError } from 'mongodb'
import { generateSigningKey, openSigningKey, type SigningKey, sealPem } from '../crypto/signing-key.ts'
import { type KeyStatus, type ScheduledKey, statusesOf } from '../domain/key-schedule.ts'

interface KeyDocument {
  /** Counts the keys from 1. The unique guard: of replicas that make one at the same moment, one does. */
  readonly _id: number
  readonly kid: string
  readonly createdAt: Date
  /** Missing in the first key of older databases, which signed from the beginning. */
  readonly signsFrom?: Date
  readonly sealedKey?: string
  /** How older databases kept it: PKCS #8 in PEM, in the clear. */
  readonly privatePem?: string
}

export interface ListedKey extends ScheduledKey {
  readonly kid: string
  readonly status: KeyStatus
}

/** The keys that sign access tokens, as this replica knows them. */
export interface SigningKeys {
  /** The key that signs now. */
  readonly current: () => SigningKey
  /** All that are published: those that will sign, that do, and whose tokens may still be shown. */
  readonly published: () => readonly SigningKey[]
  readonly list: () => readonly ListedKey[]
  /** Looks what other replicas did, and removes what no token needs any more. */
  readonly reload: () => Promise<void>
  /** Removes a key at once; another signs from then on, a new one where there is none. False when it is not there. */
  readonly withdraw: (kid: string) => Promise<boolean>
  /** Makes a key that signs from then on, unless one is waiting to. Tells which. */
  readonly add: (signsFrom: Date) => Promise<ListedKey>
}

interface Options {
  readonly seal: Seal
  readonly now: () => Date
  /** For how long a key is published after it signed last. */
  readonly keptMs: number
}

interface LoadedKey extends ScheduledKey {
  readonly generation: number
  readonly key: SigningKey
}

/** Reads the keys and makes the first when there is none. Throws when one cannot be opened. */
export async function openSigningKeys(db: Db, { seal, now, keptMs }: Options): Promise<SigningKeys> {
  const collection = db.collection<KeyDocument>('signing_keys')
  let known: readonly LoadedKey[] = []

  const statuses = () => statusesOf(known, now(), keptMs)
  const listed = (): readonly ListedKey[] => {
    const found = statuses()
    return known.map(({ key, createdAt, signsFrom }, index) => ({
      kid: key.kid,
      createdAt,
      signsFrom,
      status: found[index] ?? 'retired',
    }))
  }

  async function reload(): Promise<void> {
    const documents = await collection.find().sort({ _id: -1 }).toArray()
    const opened = new Map(known.map((one) => [one.key.kid, one.key]))
    known = await Promise.all(
      documents.map(async (document) => ({
        generation: document._id,
        createdAt: document.createdAt,
        signsFrom: document.signsFrom ?? document.createdAt,
        key:
          opened.get(document.kid) ?? openSigningKey(seal, document.kid, await sealedKeyOf(collection, seal, document)),
      })),
    )
    const retired = known.filter((_, index) => statuses()[index] === 'retired')
    if (retired.length === 0) return
    await collection.deleteMany({ _id: { $in: retired.map(({ generation }) => generation) } })
    known = known.filter((one) => !retired.includes(one))
  }

  async function insert(generation: number, signsFrom: Date): Promise<void> {
    try {
      await collection.insertOne({ _id: generation, createdAt: now(), signsFrom, ...(await generateSigningKey(seal)) })
    } catch (error) {
      // Another replica made it at the same moment, and it is as good.
      if (!(error instanceof MongoServerError) || error.code !== 11000) throw error
    }
  }

  await reload()
  if (known.length === 0) {
    await insert(1, now())
    await reload()
  }

  return {
    current: () => {
      const signing = known[statuses().indexOf('signing')]
      if (signing === undefined) throw new Error('there is no key to sign with')
      return signing.key
    },
    published: () => known.map(({ key }) => key),
    list: listed,
    reload,
    withdraw: async (kid) => {
      await reload()
      const withdrawn = known.find(({ key }) => key.kid === kid)
      if (withdrawn === undefined) return false
      if (known.length === 1) await insert(withdrawn.generation + 1, now())
      await collection.deleteOne({ _id: withdrawn.generation, kid })
      await reload()
      return true
    },
    add: async (signsFrom) => {
      await reload()
      const generation = known[0]?.generation ?? 0
      if (listed()[0]?.status !== 'published') {
        await insert(generation + 1, signsFrom)
        await reload()
      }
      const [latest] = listed()
      if (latest === undefined) throw new Error('the new key is not there')
      return latest
    },
  }
}

/** The sealed private half; what an older version left in the clear, or under an older key, is sealed now. */
async function sealedKeyOf(collection: Collection<KeyDocument>, seal: Seal, document: KeyDocument): Promise<string> {
  const { _id, kid, sealedKey, privatePem } = document
  if (sealedKey !== undefined && seal.isCurrent(sealedKey)) return sealedKey
  const sealed =
    sealedKey === undefined ? sealPem(seal, kid, privatePem ?? '') : seal.seal(kid, seal.open(kid, sealedKey))
  await collection.updateOne({ _id, kid }, { $set: { sealedKey: sealed }, $unset: { privatePem: '' } })
  return sealed
}
