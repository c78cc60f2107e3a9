import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Type } from 'typebox'
import { expect, onTestFinished, test } from 'vitest'
import { backendSettings, ConfigError, configTable, loadConfig, serviceSettings } from '../src/config.ts'
import { expectConfigTable } from '../src/testing.ts'

const schema = Type.Object({
  ...serviceSettings,
  ...backendSettings('things'),
  WORKERS: Type.Integer({ minimum: 1, maximum: 16, default: 4, description: 'how many work at once' }),
  RATIO: Type.Optional(Type.Number({ description: 'a fraction' })),
  STRICT: Type.Boolean({ default: true, description: 'refuse what is odd' }),
})
const good = {
  JWKS_URL: 'http://127.0.0.1:1/jwks',
  MONGODB_URL: 'mongodb://127.0.0.1:2',
  NATS_URL: 'nats://127.0.0.1:3',
}

function faultsOf(env: Record<string, string>): readonly string[] {
  try {
    loadConfig(schema, env)
  } catch (error) {
    if (error instanceof ConfigError) return error.faults
    throw error
  }
  return []
}

test('fills in defaults and reads numbers and booleans from text', () => {
  const config = loadConfig(schema, { ...good, WORKERS: '8', RATIO: '0.25', STRICT: 'false', OTHER: 'ignored' })
  expect(config).toEqual({
    ...good,
    HOST: '127.0.0.1',
    PORT: 0,
    ADMIN_PORT: 0,
    LOG_LEVEL: 'info',
    TOKEN_ISSUER: 'https://tradewind.local',
    TOKEN_AUDIENCE: 'tradewind',
    MONGODB_DATABASE: 'things',
    NATS_REPLICAS: 1,
    WORKERS: 8,
    RATIO: 0.25,
    STRICT: false,
  })
})

test('takes an empty variable for one that is not set', () => {
  expect(loadConfig(schema, { ...good, WORKERS: '' }).WORKERS).toBe(4)
  expect(faultsOf({ ...good, NATS_URL: '' })).toEqual([expect.stringMatching(/^NATS_URL is not set/)])
})

test('names every fault at once and shows no value', () => {
  const faults = faultsOf({
    MONGODB_URL: 'postgres://user:hunter2@db',
    PORT: '70000',
    LOG_LEVEL: 'loud',
    WORKERS: '4x',
  })
  expect(faults).toHaveLength(6)
  for (const name of ['JWKS_URL', 'NATS_URL', 'MONGODB_URL', 'PORT', 'LOG_LEVEL', 'WORKERS'])
    expect(faults).toContainEqual(expect.stringMatching(new RegExp(`^${name} .*\\(expected: .+\\)$`)))
  expect(faults.join()).not.toContain('hunter2')
})

test.each(['1e1', '0x10', ' 8', '8 ', '8.0', '+8', 'true', 'NaN', '--8'])('refuses %j for a whole number', (text) => {
  expect(faultsOf({ ...good, WORKERS: text })).toHaveLength(1)
})

test.each(['yes', '1', 'TRUE', 'on'])('refuses %j for a boolean', (text) => {
  expect(faultsOf({ ...good, STRICT: text })).toHaveLength(1)
})

test('refuses what contradicts itself', () => {
  expect(() => loadConfig(schema, good, () => ['A and B belong together'])).toThrow(/A and B belong together/)
})

test('describes every variable in a table, and holds a README equal to it', async () => {
  const table = configTable(schema)
  expect(table).toMatch(/^\| `WORKERS` +\| integer from 1 to 16 +\| `4` +\| how many work at once +\|$/m)
  expect(table).toMatch(/^\| `NATS_URL` +\| text +\| required +\|/m)
  expect(table).toMatch(/^\| `RATIO` +\| number +\| not set +\|/m)
  expect(new Set(table.split('\n').map((line) => line.length)).size).toBe(1)
  const folder = await mkdtemp(join(tmpdir(), 'config-table-'))
  onTestFinished(() => rm(folder, { recursive: true }))
  const readme = join(folder, 'README.md')
  await writeFile(readme, `# Things\n\n<!-- config -->\n\n${table}\n\n<!-- config -->\n`)
  await expectConfigTable(readme, schema)
  await writeFile(readme, (await readFile(readme, 'utf8')).replace('at once', 'one by one'))
  await expect(expectConfigTable(readme, schema)).rejects.toThrow(/differs/)
})
