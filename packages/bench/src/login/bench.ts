import type { Bench } from '../options.ts'
import { table } from '../table.ts'
import { atLeast } from '../verdict.ts'
import { measureLogin } from './measure.ts'

export const login: Bench = {
  name: 'login',
  help: `Sign-ins through auth over HTTP, each with a password, a new session and an entry in the audit log, against bare Argon2 with
the same parameters and as many at once, in turns. Client, auth, database and broker share the machine with the hashing, and all
that they use counts. The ratio is of rates, which other work on the machine distorts; that of CPU times is not. The target is met
when both reach it.

  --rounds N     rounds of each (3)
  --seconds S    length of one run (3)`,
  run: async ({ rounds, seconds }, onProgress) => {
    const figures = await measureLogin({ rounds: Number(rounds), seconds: Number(seconds), onProgress })
    const { logins, hashes, ratio, loginCpuMs, hashCpuMs, cpuMsOf } = figures
    const cpuRatio = hashCpuMs / loginCpuMs
    const row = [
      'sign in with a password',
      logins.toFixed(1),
      hashes.toFixed(1),
      ratio.toFixed(2),
      // Other work that came and went between the turns can make the rates look better than they are.
      atLeast(Math.min(ratio, cpuRatio), 0.85),
      loginCpuMs.toFixed(1),
      hashCpuMs.toFixed(1),
      cpuRatio.toFixed(2),
    ]
    const head = ['workload', 'per second', 'ceiling', 'ratio', 'target', 'CPU ms', 'of a bare hash', 'ratio of CPU']
    const processes = ['CPU ms in auth, with the hash', 'database', 'broker', 'client']
    const spent = [cpuMsOf.auth, cpuMsOf.database, cpuMsOf.broker, cpuMsOf.client].map((ms) => ms.toFixed(2))
    return { figures, text: `${table(head, [row])}\n\n${table(processes, [spent])}` }
  },
}
