/** SEED=17 repeats one history; SEEDS=20000 makes more. */
const only = process.env['SEED']
const count = Number(process.env['SEEDS'] ?? 2000)
const seeds: readonly number[] =
  only === undefined ? Array.from({ length: count }, (_, index) => index + 1) : [Number(only)]

export async function expectOfEachSeed(run: (seed: number) => Promise<void>): Promise<void> {
  for (const seed of seeds) {
    try {
      await run(seed)
    } catch (cause) {
      throw new Error(`seed ${seed} fails; SEED=${seed} repeats it: ${cause instanceof Error ? cause.message : ''}`, {
        cause,
      })
    }
  }
}
