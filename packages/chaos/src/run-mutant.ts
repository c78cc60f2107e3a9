import { execFile } from 'node:child_process'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { type Mutant, simulator } from './mutants.ts'

export interface Caught {
  readonly isCaught: boolean
  /** What was found, or what was said when nothing was. */
  readonly said: string
}

const root = join(import.meta.dirname, '../../..')
/** A violation was found. */
const foundExitCode = 1
/** The rarest history needs some 1,500 shops. */
const seedsOfSimulator = 10_000
const runsOfScenario = 3
/** A mutant that has something go on for ever is not caught; nor may its process stay behind. */
const givenUpAfterMs = 280_000

/** Plays what must catch the mutant, until it does: shops in memory, or a scenario of the matrix a few times. */
export function runMutant({ name, caughtBy }: Mutant): Promise<Caught> {
  const args =
    caughtBy === simulator
      ? [join(root, 'packages/simulator/src/main.ts'), '--seeds', String(seedsOfSimulator)]
      : [join(import.meta.dirname, 'main.ts'), caughtBy, '--runs', String(runsOfScenario), '--until-found']
  const env = {
    ...process.env,
    TRADEWIND_MUTANT: name,
    NODE_OPTIONS: `--import=${pathToFileURL(join(import.meta.dirname, 'mutate.ts')).href}`,
    // Code that is kept between starts must not hold a mutant.
    NODE_DISABLE_COMPILE_CACHE: '1',
  }
  return new Promise((resolve) => {
    execFile(
      process.execPath,
      args,
      { env, maxBuffer: 2 ** 28, timeout: caughtBy === simulator ? givenUpAfterMs : 0 },
      (error, stdout, stderr) => {
        const lines = stdout.split('\n')
        const violation = lines.find(
          (line) => /^ {2}(I\d|catalogue|discounts|[a-z-]+) .*/.test(line) && /\bI[1-8] |catalogue /.test(line),
        )
        const said = violation ?? (stderr.trim() === '' ? (lines.at(-2) ?? '') : stderr)
        resolve({ isCaught: error?.code === foundExitCode && violation !== undefined, said: said.trim() })
      },
    )
  })
}
