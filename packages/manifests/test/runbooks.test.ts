import { readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { beforeAll, describe, expect, it } from 'vitest'
import { at, called, fieldsAt, type Manifest } from '../src/manifest.ts'
import { podTemplates } from '../src/pods.ts'
import { findRenderer } from '../src/render.ts'

const root = resolve(import.meta.dirname, '../../..')
const folder = join(root, 'docs/runbooks')
const found = findRenderer()

/** Commands in the code of a page, those of several lines as one. */
const commandsIn = (page: string) =>
  [...readFileSync(join(folder, page), 'utf8').matchAll(/```sh\n([^]*?)```|`((?:kubectl|pnpm|npm) [^`]*)`/g)]
    .map(([, block, inline]) => block ?? inline ?? '')
    .flatMap((code) => code.replaceAll('\\\n', ' ').split('\n'))
    .map((line) => line.replace(/\s#.*$/, '').trim())

const kinds = new Map([
  ['deployment', 'Deployment'],
  ['statefulset', 'StatefulSet'],
  ['service', 'Service'],
  ['cronjob', 'CronJob'],
  ['job', 'Job'],
  ['horizontalpodautoscaler', 'HorizontalPodAutoscaler'],
])

describe.skipIf(found === undefined).each(readdirSync(folder))('the runbook %s', (page) => {
  let manifests: readonly Manifest[] = []
  beforeAll(async () => {
    const folders = ['overlays/production', 'restore'].map((one) => join(root, 'k8s', one))
    manifests = (await Promise.all(folders.map(async (one) => (await found?.(one)) ?? []))).flat()
  })
  const commands = commandsIn(page)
  const kubectl = commands.filter((command) => command.startsWith('kubectl'))

  it('names objects that are there', () => {
    const names = new Set(manifests.map(called))
    for (const command of kubectl)
      for (const [text, kind = '', name = ''] of command.matchAll(/\b([a-z]+)[/ ]([a-z-]+)\b/g)) {
        // `get deployment --selector`, `create job backup-before-restore` and the like name no object.
        if (!kinds.has(kind) || !(text.includes('/') || command.includes(`patch ${text}`))) continue
        expect(names).toContain(`${kinds.get(kind)}/${name}`)
      }
  })

  it('selects by labels that something has', () => {
    const labels = new Set(
      [
        ...manifests.map(({ fields }) => at(fields, 'metadata', 'labels')),
        ...podTemplates(manifests).map((pod) => pod.labels),
      ]
        .flatMap((one) => Object.entries(fieldsAt({ one }, 'one')))
        .map(([name, value]) => `${name}=${String(value)}`),
    )
    for (const command of kubectl)
      for (const [, label] of command.matchAll(/--selector[ =]"?([\w./-]+=[\w-]+)/g)) expect(labels).toContain(label)
  })

  it('applies folders that are there, and runs scripts that exist', () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      readFileSync(join(root, 'package.json'), 'utf8'),
    )
    for (const command of commands) {
      for (const [, path = ''] of command.matchAll(/ -k (\S+)/g))
        expect(readdirSync(join(root, path))).toContain('kustomization.yaml')
      for (const [, script = ''] of command.matchAll(/^(?:pnpm|npm run) (?!--filter)([\w:-]+)/g))
        expect(Object.keys(scripts)).toContain(script)
    }
  })
})
