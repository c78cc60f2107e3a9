import { hash, verify } from '@node-rs/argon2'
import { defineError } from '@tradewind/service-kit/errors'

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
}

export interface PasswordHasherOptions {
  /** Hashes computed at once; each takes a core and 19 MiB. */
  readonly concurrency: number
  /** Hashes that may wait for their turn. */
  readonly maxWaiting: number
}

/** OWASP Password Storage Cheat Sheet: Argon2id with 19 MiB, two passes, one lane. The library's default algorithm is Argon2id. */
const parameters = { memoryCost: 19_456, timeCost: 2, parallelism: 1 }
const retryAfterSeconds = 2

export async function createPasswordHasher(options: PasswordHasherOptions): Promise<PasswordHasher> {
  const inTurn = createQueue(options)
  // NIST SP 800-63B: the same password in another Unicode form is the same password.
  const canonical = (password: string) => password.normalize('NFKC')
  const nobody = await hash('nobody has this password', parameters)
  return {
    hash: (password) => inTurn(() => hash(canonical(password), parameters)),
    verify: async (passwordHash, password) => {
      const matches = await inTurn(() => verify(passwordHash ?? nobody, canonical(password)))
      return matches && passwordHash !== undefined
    },
  }
}

function createQueue({ concurrency, maxWaiting }: PasswordHasherOptions) {
  const waiting: (() => void)[] = []
  let running = 0
  return async <T>(work: () => Promise<T>): Promise<T> => {
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
    }
  }
}
