import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { startBackends } from '../inventory/backends.ts'
import { median } from '../median.ts'
import { startService } from '../service-process.ts'

export interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly onProgress: (line: string) => void
}

export interface Figures {
  /** Sign-ins per second, over HTTP, each with a session of its own. */
  readonly logins: number
  /** Passwords per second that the same machine verifies when it does nothing else. */
  readonly hashes: number
  readonly ratio: number
}

/** As auth hashes by default. */
const concurrency = 2
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** Enough to keep the hashing busy, and far less than may wait. */
const clients = 8
const people = 32
const password = 'a passphrase of the bench'

const program = new URL('../../../../services/auth/src/main.ts', import.meta.url)

/** Runs work in so many places at once until the time is up; how often a second it was done. */
async function rateOf(places: number, seconds: number, work: (turn: number) => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  const until = startedAt + seconds * 1000
  let turns = 0
  await Promise.all(
    Array.from({ length: places }, async () => {
      while (performance.now() < until) {
        turns += 1
        await work(turns)
      }
    }),
  )
  return turns / ((performance.now() - startedAt) / 1000)
}

/** Signing in through auth, against bare Argon2 with the same parameters, in turns. Throws when a sign-in fails. */
export async function measureLogin({ rounds, seconds, onProgress }: Options): Promise<Figures> {
  const backends = await startBackends()
  try {
    const auth = await startService(program, {
      MONGODB_URL: backends.mongodbUrl,
      NATS_URL: backends.natsUrl,
      AUTH_KEYS: `bench:${randomBytes(32).toString('base64')}`,
      AUTH_HASH_CONCURRENCY: String(concurrency),
    })
    try {
      const post = async (path: string, body: unknown, status: number) => {
        const response = await fetch(`${auth.url}${path}`, {
          method: 'POST',
          headers: { 'content-type': 'application/json' },
          body: JSON.stringify(body),
        })
        await response.arrayBuffer()
        if (response.status !== status) throw new Error(`${path} answered ${response.status}`)
      }
      const emailOf = (turn: number) => `bench-${turn % people}@example.org`
      for (let turn = 0; turn < people; turn += 1)
        await post('/v1/auth/register', { email: emailOf(turn), password, name: 'Bench' }, 201)
      const known = await hash(password, parameters)
      const logIn = (turn: number) => post('/v1/auth/login', { email: emailOf(turn), password }, 200)

      const [logins, hashes]: [number[], number[]] = [[], []]
      await rateOf(clients, 1, logIn)
      for (let round = 0; round < rounds; round += 1) {
        const bare = await rateOf(concurrency, seconds, () => verify(known, password))
        const real = await rateOf(clients, seconds, logIn)
        hashes.push(bare)
        logins.push(real)
        onProgress(`round ${round + 1}: ${real.toFixed(1)} sign-ins/s, ${bare.toFixed(1)} hashes/s`)
      }
      const ratio = median(logins.map((real, index) => real / (hashes[index] ?? Number.NaN)))
      return { logins: median(logins), hashes: median(hashes), ratio }
    } finally {
      await auth.stop()
    }
  } finally {
    await backends.stop()
  }
}
