import { randomBytes } from 'node:crypto'
import { hash, verify } from '@node-rs/argon2'
import { startBackends } from '../inventory/backends.ts'
import { median } from '../median.ts'
import { startService } from '../service-process.ts'
import { connectRaw } from './raw-client.ts'

export interface Options {
  readonly rounds: number
  readonly seconds: number
  readonly onProgress: (line: string) => void
}

export interface Figures {
  /** Sign-ins per second, over HTTP, each with a session of its own and an entry in the audit log. */
  readonly logins: number
  /** Passwords per second that the same machine verifies when it does nothing else. */
  readonly hashes: number
  readonly ratio: number
  /** CPU time of one sign-in in auth, its database, its broker and the client together, and of one bare hash; on a busy machine, too. */
  readonly loginCpuMs: number
  readonly hashCpuMs: number
  /** Where the CPU time of one sign-in goes; auth's includes the hash. */
  readonly cpuMsOf: CpuMsOf
}

interface CpuMsOf {
  readonly auth: number
  readonly database: number
  readonly broker: number
  readonly client: number
}

/** As auth hashes by default. */
const concurrency = 2
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
/** Enough to keep the hashing busy, and far less than may wait. */
const clients = 8
const people = 32
const password = 'a passphrase of the bench'
/** Until what runs often is compiled, which a hundred sign-ins a second take long for; auth runs for weeks. */
const warmUpSeconds = 20

const program = new URL('../../../../services/auth/src/main.ts', import.meta.url)

interface Run {
  readonly perSecond: number
  readonly cpuMs: number
  readonly cpuMsOf: CpuMsOf
}

const sum = ({ auth, database, broker, client }: CpuMsOf) => auth + database + broker + client

/** Does work in so many places at once until the time is up. */
async function run(
  places: number,
  seconds: number,
  cpuMsOf: () => CpuMsOf,
  work: (place: number, turn: number) => Promise<unknown>,
): Promise<Run> {
  const before = cpuMsOf()
  const startedAt = performance.now()
  const until = startedAt + seconds * 1000
  let turns = 0
  await Promise.all(
    Array.from({ length: places }, async (_, place) => {
      while (performance.now() < until) {
        turns += 1
        await work(place, turns)
      }
    }),
  )
  const perSecond = turns / ((performance.now() - startedAt) / 1000)
  const after = cpuMsOf()
  const spent = {
    auth: (after.auth - before.auth) / turns,
    database: (after.database - before.database) / turns,
    broker: (after.broker - before.broker) / turns,
    client: (after.client - before.client) / turns,
  }
  return { perSecond, cpuMs: sum(spent), cpuMsOf: spent }
}

const ownCpuMs = () => {
  const { user, system } = process.cpuUsage()
  return (user + system) / 1000
}
/** Of a bare hash, which nobody but this process works on. */
const bareCpuMs = () => ({ auth: 0, database: 0, broker: 0, client: ownCpuMs() })

/**
 * Signing in through auth, against bare Argon2 with the same parameters and as many at once, in turns. Client, auth, its
 * database and its broker share the machine with the hashing. Throws when a sign-in fails.
 */
export async function measureLogin({ rounds, seconds, onProgress }: Options): Promise<Figures> {
  const backends = await startBackends()
  try {
    const auth = await startService(program, {
      MONGODB_URL: backends.mongodbUrl,
      NATS_URL: backends.natsUrl,
      AUTH_KEYS: `bench:${randomBytes(32).toString('base64')}`,
      AUTH_HASH_CONCURRENCY: String(concurrency),
    })
    const connections = await Promise.all(Array.from({ length: clients }, () => connectRaw(auth.url)))
    try {
      const emailOf = (turn: number) => `bench-${turn % people}@example.org`
      for (let turn = 0; turn < people; turn += 1) {
        const body = JSON.stringify({ email: emailOf(turn), password, name: 'Bench' })
        await connections[0]?.post('/v1/auth/register', body, 201)
      }
      const known = await hash(password, parameters)
      const bodies = Array.from({ length: people }, (_, turn) => JSON.stringify({ email: emailOf(turn), password }))
      const logIn = async (place: number, turn: number) =>
        await connections[place]?.post('/v1/auth/login', bodies[turn % people] ?? '', 200)
      const allCpuMs = () => ({ auth: auth.cpuMs(), ...backends.cpuMs(), client: ownCpuMs() })

      const [logins, hashes]: [Run[], Run[]] = [[], []]
      await run(clients, warmUpSeconds, allCpuMs, logIn)
      for (let round = 0; round < rounds; round += 1) {
        const bare = await run(concurrency, seconds, bareCpuMs, () => verify(known, password))
        const real = await run(clients, seconds, allCpuMs, logIn)
        hashes.push(bare)
        logins.push(real)
        onProgress(
          `round ${round + 1}: ${real.perSecond.toFixed(1)} sign-ins/s of ${real.cpuMs.toFixed(1)} ms CPU, ` +
            `${bare.perSecond.toFixed(1)} hashes/s of ${bare.cpuMs.toFixed(1)} ms`,
        )
      }
      return {
        logins: median(logins.map(({ perSecond }) => perSecond)),
        hashes: median(hashes.map(({ perSecond }) => perSecond)),
        ratio: median(logins.map(({ perSecond }, index) => perSecond / (hashes[index]?.perSecond ?? Number.NaN))),
        loginCpuMs: median(logins.map(({ cpuMs }) => cpuMs)),
        hashCpuMs: median(hashes.map(({ cpuMs }) => cpuMs)),
        cpuMsOf: {
          auth: median(logins.map(({ cpuMsOf }) => cpuMsOf.auth)),
          database: median(logins.map(({ cpuMsOf }) => cpuMsOf.database)),
          broker: median(logins.map(({ cpuMsOf }) => cpuMsOf.broker)),
          client: median(logins.map(({ cpuMsOf }) => cpuMsOf.client)),
        },
      }
    } finally {
      for (const connection of connections) connection.close()
      await auth.stop()
    }
  } finally {
    await backends.stop()
  }
}
