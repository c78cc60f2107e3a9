import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { validate } from '@actions/languageservice'
import { describe, expect, it } from 'vitest'
import { TextDocument } from 'vscode-languageserver-textdocument'
import { parse } from 'yaml'
import { at, type Fields, fieldsAt, isFields, listAt, textAt } from '../src/manifest.ts'

const root = resolve(import.meta.dirname, '../../..')
const folder = resolve(root, '.github/workflows')
const scripts = fieldsAt(JSON.parse(readFileSync(resolve(root, 'package.json'), 'utf8')), 'scripts')
const images = readFileSync(resolve(root, 'infra/docker/build-images.mjs'), 'utf8')

/** What a job may be allowed beside reading the code. */
const mayWrite: Readonly<Record<string, readonly string[]>> = { publish: ['id-token', 'attestations'] }

/** What GitHub's own library says against a workflow: its keys, its jobs, and what its expressions name. */
const faultsOf = async (name: string, text: string) =>
  (await validate(TextDocument.create(`file:///.github/workflows/${name}`, 'yaml', 0, text))).map(
    ({ range, message }) => `${name}:${range.start.line + 1} ${typeof message === 'string' ? message : message.value}`,
  )

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

  it('is one that GitHub would run', async () => {
    expect(await faultsOf(file, text)).toEqual([])
  })

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

it('sees what is wrong with a workflow', async () => {
  const wrong = [
    'on: push',
    'jobs:',
    '  one:',
    '    runs-on: ubuntu-24.04',
    '    needs: another',
    '    permissions:',
    '      attestation: write',
    '    steps:',
    '      - run: echo ${{ steps.push.outputs.digest }}',
    '      - use: actions/checkout',
  ]
  const faults = await faultsOf('wrong.yaml', wrong.join('\n'))
  expect(faults).toEqual(
    expect.arrayContaining([
      "wrong.yaml:5 Value 'another' is not valid",
      "wrong.yaml:7 Unexpected value 'attestation'",
      'wrong.yaml:9 Context access might be invalid: push',
      "wrong.yaml:10 Unexpected value 'use'",
    ]),
  )
})
