import type { Bench } from '../options.ts'
import { table } from '../table.ts'
import { atLeast } from '../verdict.ts'
import { measureLogin } from './measure.ts'

export const login: Bench = {
  name: 'login',
  help: `Sign-ins through auth over HTTP, each with a password and a new session, against bare Argon2 with the same parameters on
the same machine, in turns.

  --rounds N     rounds of each (3)
  --seconds S    length of one run (3)`,
  run: async ({ rounds, seconds }, onProgress) => {
    const figures = await measureLogin({ rounds: Number(rounds), seconds: Number(seconds), onProgress })
    const { logins, hashes, ratio } = figures
    const row = [
      'sign in with a password',
      logins.toFixed(1),
      hashes.toFixed(1),
      ratio.toFixed(2),
      atLeast(ratio, 0.85),
    ]
    return { figures, text: table(['workload', 'per second', 'ceiling', 'ratio', 'target'], [row]) }
  },
}
