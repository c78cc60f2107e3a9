import { execFile } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { type RunningSystem, runSystem } from './running-system.ts'
import { createShop } from './shop-client.ts'

const root = resolve(import.meta.dirname, '../../..')
const readme = readFileSync(join(root, 'README.md'), 'utf8')

let system: RunningSystem
beforeAll(async () => {
  system = await runSystem()
  await createShop(system.gatewayUrl).newProduct({ units: 10 })
}, 60_000)
afterAll(() => system.end())

test('the curl lines of the README work when pasted', async () => {
  const [, block = ''] = /^```sh\n(GATEWAY=[\s\S]*?)^```/m.exec(readme) ?? []
  const script = block.replace('http://127.0.0.1:8080', system.gatewayUrl)
  const said = await new Promise<string>((done, fail) => {
    execFile('sh', ['-e', '-c', script], (error, stdout, stderr) => {
      if (error === null) done(stdout)
      else fail(new Error(`${error.message}\n${stderr}`))
    })
  })
  expect(said).toContain('"status":"confirmed"')
  expect(said).toContain('payments.payment.authorized')
})

test('every script that the README names exists', () => {
  const { scripts } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const named = [...readme.matchAll(/^(?:npm|pnpm) (?:run )?([a-z][a-z-]*)/gm)].map(([, name = '']) => name)
  expect(named.length).toBeGreaterThan(3)
  expect(named.filter((name) => !(name in scripts))).toEqual([])
})

test('every file that a README or a decision names exists', () => {
  const documents = [
    'README.md',
    ...['0001-one-write-per-step', '0002-decide-first-then-follow'].map((name) => `docs/adr/${name}.md`),
    ...['auth', 'gateway', 'inventory', 'orders', 'payments', 'notifications'].map(
      (name) => `services/${name}/README.md`,
    ),
    'packages/embedded-mongodb/README.md',
  ]
  const missing = documents.flatMap((document) =>
    [...readFileSync(join(root, document), 'utf8').matchAll(/\]\((?!https?:|#)([^)#]+)[^)]*\)/g)]
      .map(([, target = '']) => join(root, dirname(document), target))
      .filter((target) => !existsSync(target)),
  )
  expect(missing).toEqual([])
})
