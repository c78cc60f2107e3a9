import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { describe, expect, it } from 'vitest'
import { parse } from 'yaml'
import { at, type Fields, fieldsAt, isFields, listAt, textAt } from '../src/manifest.ts'

const root = resolve(import.meta.dirname, '../../..')
const folder = resolve(root, '.github/workflows')
const scripts = fieldsAt(JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')), 'scripts')
const images = readFileSync(resolve(root, 'infra/docker/build-images.mjs'), 'utf8')

/** What a job may be allowed beside reading the code. */
const mayWrite: Readonly<Record<string, readonly string[]>> = { publish: ['id-token', 'attestations'] }

const jobsOf = (workflow: unknown) =>
  Object.entries(fieldsAt(workflow, 'jobs')).map(([name, job]) => ({ name, job: isFields(job) ? job : {} }))
const stepsOf = (job: Fields) => listAt(job, 'steps')

describe.each(readdirSync(folder))('the workflow %s', (file) => {
  const text = readFileSync(resolve(folder, file), 'utf8')
  const workflow: unknown = parse(text)
  const jobs = jobsOf(workflow)
  const commands = jobs
    .flatMap(({ job }) => stepsOf(job).map((step) => textAt(step, 'run')))
    .filter((run) => run !== '')

  it('pins every action by a commit, and says of which version', () => {
    const uses = text.split('\n').filter((line) => /^\s*(- )?uses:/.test(line))
    expect(uses.length).toBeGreaterThan(0)
    for (const line of uses) expect(line).toMatch(/uses: [\w-]+\/[\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
  })

  it('allows nothing by default, and each job to read the code, and only the one that publishes more', () => {
    expect(at(workflow, 'permissions')).toEqual({})
    for (const { name, job } of jobs) {
      const { contents, ...others } = fieldsAt(job, 'permissions')
      expect({ name, contents, others: Object.keys(others) }).toEqual({
        name,
        contents: 'read',
        others: mayWrite[name] ?? [],
      })
      expect(Number(at(job, 'timeout-minutes'))).toBeGreaterThan(0)
    }
  })

  it('leaves no credentials in the checkout', () => {
    const checkouts = jobs
      .flatMap(({ job }) => stepsOf(job))
      .filter((step) => textAt(step, 'uses').startsWith('actions/checkout@'))
    for (const step of checkouts) expect(at(step, 'with', 'persist-credentials')).toBe(false)
  })

  it('puts nothing from outside into a command, but into its environment', () => {
    for (const command of commands) expect(command).not.toContain('${{')
  })

  it('runs only scripts that exist', () => {
    for (const command of commands) {
      for (const [, script = ''] of command.matchAll(/\b(?:npm|pnpm) run ([\w:-]+)/g))
        expect(scripts).toHaveProperty([script])
      for (const [path] of command.matchAll(/(?:\.ci|infra|k8s)\/[\w./-]+/g))
        expect({ path, exists: existsSync(resolve(root, path)) }).toEqual({ path, exists: true })
    }
  })

  it('knows every image', () => {
    const built = [...(/const folders = \{([^}]*)\}/.exec(images)?.[1] ?? '').matchAll(/^\s*'?([\w-]+)'?:/gm)].map(
      ([, name]) => name,
    )
    expect(built).toHaveLength(8)
    const named = jobs.map(({ job }) => at(job, 'strategy', 'matrix', 'image')).filter((one) => one !== undefined)
    for (const one of named) expect(one).toEqual(built)
  })
})

it('stands on the same images everywhere', () => {
  const named = readFileSync(resolve(root, 'infra/docker/base-images.env'), 'utf8')
  const files = readdirSync(resolve(root, 'k8s'), { recursive: true, encoding: 'utf8' }).filter((path) =>
    path.endsWith('.yaml'),
  )
  const used = files.flatMap((path) =>
    [...readFileSync(resolve(root, 'k8s', path), 'utf8').matchAll(/image: ((?:mongo|nats):\S+)/g)].map(
      ([, image = '']) => image,
    ),
  )
  expect(used.length).toBeGreaterThan(3)
  for (const image of new Set(used)) expect(named).toContain(`=${image}\n`)
})
