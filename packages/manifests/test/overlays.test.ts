import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, relative, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { at, called, type Manifest } from '../src/manifest.ts'
import { podTemplates } from '../src/pods.ts'
import { findRenderer } from '../src/render.ts'
import { schemaFaults } from '../src/schema-faults.ts'
import { allRules } from './all-rules.ts'

const k8s = resolve(import.meta.dirname, '../../../k8s')
const found = findRenderer()
if (found === undefined)
  process.stdout.write('manifests: neither kubectl nor kustomize is on PATH, so nothing is rendered and checked\n')

/** Most objects are the same in every combination. */
const known = new Map<string, readonly string[]>()
async function faultsOfOne(manifest: Manifest): Promise<readonly string[]> {
  const text = JSON.stringify(manifest.fields)
  const faults = known.get(text) ?? (await schemaFaults(manifest))
  known.set(text, faults)
  return faults
}

const faultsOf = async (manifests: readonly Manifest[]) => [
  ...(await Promise.all(manifests.map(faultsOfOne))).flat(),
  ...Object.values(allRules).flatMap((rule) => rule(manifests)),
]

const render = (folder: string) => {
  if (found === undefined) throw new Error('there is nothing to render with')
  return found(folder)
}

/** Components that bring network policies; a pod that one policy is about is closed to everything that none allows. */
const closing = ['telemetry', 'tracing', 'migrations', 'backups']

describe.skipIf(found === undefined)('k8s', () => {
  it.each(['local', 'staging', 'production'])(
    'renders the overlay %s, and nothing in it breaks a rule',
    async (overlay) => {
      const manifests = await render(join(k8s, 'overlays', overlay))
      expect(manifests.length).toBeGreaterThan(30)
      expect(await faultsOf(manifests)).toEqual([])
    },
  )

  it('asks nothing of a bare cluster: no volumes to provide, no controllers, nothing to scale by, no secrets from outside', async () => {
    const manifests = await render(join(k8s, 'overlays/local'))
    const kinds = new Set(manifests.map(({ kind }) => kind))
    for (const kind of ['PersistentVolumeClaim', 'Ingress', 'HTTPRoute', 'HorizontalPodAutoscaler'])
      expect(kinds).not.toContain(kind)
    const claiming = manifests.filter(({ fields }) => at(fields, 'spec', 'volumeClaimTemplates') !== undefined)
    expect(claiming.map(called)).toEqual([])
    const text = JSON.stringify(manifests)
    for (const [, name] of text.matchAll(/"secretKeyRef":\{[^}]*"name":"([^"]+)"/g))
      expect(manifests.map(called)).toContain(`Secret/${name}`)
  })

  it('names in the runbook every secret that must be there before', async () => {
    const runbook = await readFile(join(k8s, '../docs/runbooks/deploy.md'), 'utf8')
    const text = JSON.stringify(await render(join(k8s, 'overlays/production')))
    const names = [...text.matchAll(/"secretKeyRef":\{[^}]*"name":"([^"]+)"/g)].map(([, name]) => name)
    expect(names.length).toBeGreaterThan(20)
    for (const name of new Set(names)) expect(runbook).toContain(`| \`${name}\``)
  })

  it('sends requests to services that can serve them, also while the broker is away', async () => {
    const deployments = (await render(join(k8s, 'overlays/production'))).filter(({ kind }) => kind === 'Deployment')
    const paths = podTemplates(deployments).flatMap(({ containers }) =>
      containers.map(({ fields }) => at(fields, 'readinessProbe', 'httpGet', 'path')),
    )
    expect(paths).toEqual(deployments.map(() => '/readyz?for=requests'))
  })

  it('keeps secrets out of what is deployed for real', async () => {
    for (const overlay of ['staging', 'production']) {
      const manifests = await render(join(k8s, 'overlays', overlay))
      expect(manifests.filter(({ kind }) => kind === 'Secret').map(called)).toEqual([])
      expect(JSON.stringify(manifests)).not.toContain('local-only')
    }
  })

  it('restores a backup only when somebody sets it free, as a pod like the others', async () => {
    const restore = await render(join(k8s, 'restore'))
    expect(restore.map((job) => [called(job), at(job.fields, 'spec', 'suspend')])).toEqual([['Job/restore', true]])
    expect(await faultsOf([...(await render(join(k8s, 'overlays/production'))), ...restore])).toEqual([])
  })

  describe('components', () => {
    let folder = ''
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'tradewind-manifests-'))
    })
    afterAll(() => rm(folder, { recursive: true, force: true }))

    const faultsOfCombination = async (used: readonly string[]) => {
      const bases = (await readdir(join(k8s, 'bases'))).filter((base) => base !== 'embedded-mongodb')
      await writeFile(join(folder, 'kustomization.yaml'), kustomization(folder, bases, used))
      return await faultsOf(await render(folder))
    }

    it('render and agree in every combination', { timeout: 120_000 }, async () => {
      for (const wayIn of [[], ['ingress'], ['gateway-api']]) {
        expect({ wayIn, faults: await faultsOfCombination(wayIn) }).toEqual({ wayIn, faults: [] })
        for (let chosen = 0; chosen < 2 ** closing.length; chosen++) {
          const chosenOnes = closing.filter((_, bit) => (chosen & (2 ** bit)) !== 0)
          const used = ['network-policies', ...wayIn, ...chosenOnes]
          expect({ used, faults: await faultsOfCombination(used) }).toEqual({ used, faults: [] })
        }
      }
    })

    it.each(closing)(
      '%s is refused without network-policies: its own would close the pods to everything else',
      async (one) => {
        expect(await faultsOfCombination([one])).toContain('no network policy denies what no other allows')
      },
    )

    it('are all of those that there are', async () => {
      const all = await readdir(join(k8s, 'components'))
      expect(new Set(all)).toEqual(new Set([...closing, 'network-policies', 'ingress', 'gateway-api', 'service-pod']))
    })
  })
})

/** As an overlay would write it, with the images that an overlay gives tags. */
const kustomization = (folder: string, bases: readonly string[], components: readonly string[]): string => {
  const list = (parent: string, names: readonly string[]) =>
    names.map((name) => `\n  - ${relative(folder, join(k8s, parent, name))}`).join('')
  const images = [...bases, 'backups'].map((base) => `\n  - name: tradewind/${base}\n    newTag: 0.1.0`).join('')
  const used = components.length === 0 ? '' : `components:${list('components', components)}\n`
  return `resources:${list('bases', bases)}\n${used}images:${images}\n`
}
