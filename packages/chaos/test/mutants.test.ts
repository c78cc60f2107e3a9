import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { expect, test } from 'vitest'
import { matrix } from '../src/matrix.ts'
import { mutants, simulator } from '../src/mutants.ts'
import { runMutant } from '../src/run-mutant.ts'

const root = join(import.meta.dirname, '../../..')

test.each(mutants)(
  'the guard of $name stands once in its file, and something is named that must notice',
  async (mutant) => {
    for (const { file, find } of [mutant, ...(mutant.behind === undefined ? [] : [mutant.behind])]) {
      const source = await readFile(join(root, file), 'utf8')
      expect(source.split(find)).toHaveLength(2)
    }
    expect([simulator, ...matrix.map(({ name }) => name)]).toContain(mutant.caughtBy)
  },
)

/** Those that take the whole system are for `pnpm mutants`. */
test.each(mutants.filter(({ caughtBy }) => caughtBy === simulator))(
  'shops in memory notice when $name is gone',
  async (mutant) => {
    expect(await runMutant(mutant)).toMatchObject({ isCaught: true })
  },
  300_000,
)

test('the documentation names every scenario with its figures, and every mutant with what notices', async () => {
  const documentation = await readFile(join(root, 'docs/chaos.md'), 'utf8')
  const rows = [
    ...matrix.map(({ name }) => [name]),
    ...mutants.map(({ name, guard, caughtBy }) => [name, guard, caughtBy]),
  ]
  const missing = rows.filter((cells) => !new RegExp(`^\\| ${cells.join(' +\\| ')} +\\|`, 'm').test(documentation))
  expect(missing).toEqual([])
})
