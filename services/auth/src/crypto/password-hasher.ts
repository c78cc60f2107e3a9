import { hash, parseOptions, verify } from '@node-rs/argon2'
import { defineError } from '@tradewind/service-kit/errors'
import { canonicalPassword } from '../domain/password-rules.ts'

export const HashingBusy = defineError(
  'AUTH_BUSY',
  'unavailable',
  'Too many people are signing in at the moment. Try again in a moment.',
)

export interface PasswordHasher {
  /** An Argon2id hash in PHC format. Throws HashingBusy when too many wait. */
  readonly hash: (password: string) => Promise<string>
  /** True when the password belongs to the hash; without one it does the same work and answers false. */
  readonly verify: (passwordHash: string | undefined, password: string) => Promise<boolean>
  /** True when a hash was made with weaker parameters than new ones are. */
  readonly isOutdated: (passwordHash: string) => boolean
  /** Hashes that wait for their turn. */
  readonly waiting: () => number
}

export interface PasswordHasherOptions {
  /** Hashes computed at once; each takes a core and 19 MiB. */
  readonly concurrency: number
  /** Hashes that may wait for their turn. */
  readonly maxWaiting: number
}

/** OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. The library's default algorithm is Argon2id. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const argon2id = '$argon2id$'
const retryAfterSeconds = 2
/** While others wait for a core, whoever is done hears of it together with so many, or after so long. */
const toldTogether = 4
const tellWithinMs = 50

export async function createPasswordHasher(options: PasswordHasherOptions): Promise<PasswordHasher> {
  const { inTurn, waiting } = createQueue(options)
  const nobody = await hash('nobody has this password', parameters)
  return {
    hash: (password) => inTurn(() => hash(canonicalPassword(password), parameters)),
    verify: async (passwordHash, password) => {
      // A hash that came from elsewhere may be of the form that was typed. The work follows from the password alone.
      let matches = false
      for (const form of new Set([canonicalPassword(password), password]))
        if (await inTurn(() => verify(passwordHash ?? nobody, form))) matches = true
      return matches && passwordHash !== undefined
    },
    isOutdated: (passwordHash) => {
      const { memoryCost, timeCost } = parseOptions(passwordHash)
      return !passwordHash.startsWith(argon2id) || memoryCost < parameters.memoryCost || timeCost < parameters.timeCost
    },
    waiting,
  }
}

function createQueue({ concurrency, maxWaiting }: PasswordHasherOptions) {
  const waiting: (() => void)[] = []
  let running = 0
  const finished: (() => void)[] = []
  let timer: NodeJS.Timeout | undefined

  function tellAll(): void {
    clearTimeout(timer)
    timer = undefined
    for (const tell of finished.splice(0)) tell()
  }

  // What follows a hash is then done for several at once, with one command each. Nobody waits where nobody is in line.
  async function inCompany(): Promise<void> {
    const told = new Promise<void>((resolve) => finished.push(resolve))
    if (waiting.length === 0 || finished.length >= toldTogether) tellAll()
    else timer ??= setTimeout(tellAll, tellWithinMs)
    await told
  }

  const inTurn = async <T>(work: () => Promise<T>): Promise<T> => {
    if (running >= concurrency) {
      if (waiting.length >= maxWaiting) throw HashingBusy({ retryAfterSeconds })
      await new Promise<void>((resolve) => waiting.push(resolve))
    } else running++
    try {
      return await work()
    } finally {
      // The place goes straight to the next in line, so nobody overtakes.
      const next = waiting.shift()
      if (next === undefined) running--
      else next()
      await inCompany()
    }
  }
  return { inTurn, waiting: () => waiting.length }
}
