import { at, called, fieldsAt, listAt, type Manifest, type Rule, textAt } from '../manifest.ts'
import { podTemplates } from '../pods.ts'

/** What pods mount, read and run as is applied with them; secrets may come from outside. */
export const referencesResolve: Rule = (manifests) => {
  const has = (kind: string, name: string) => manifests.some((one) => one.kind === kind && one.name === name)
  return podTemplates(manifests).flatMap(({ owner, spec, containers }) => {
    const account = textAt(spec, 'serviceAccountName')
    const maps = [
      ...listAt(spec, 'volumes').map((volume) => textAt(volume, 'configMap', 'name')),
      ...containers.flatMap(({ fields }) =>
        listAt(fields, 'envFrom').map((from) => textAt(from, 'configMapRef', 'name')),
      ),
    ].filter((name) => name !== '')
    const claims = listAt(spec, 'volumes')
      .map((volume) => textAt(volume, 'persistentVolumeClaim', 'claimName'))
      .filter((name) => name !== '')
    const templates = listAt(owner.fields, 'spec', 'volumeClaimTemplates').map((claim) =>
      textAt(claim, 'metadata', 'name'),
    )
    const volumes = new Set([...listAt(spec, 'volumes').map((volume) => textAt(volume, 'name')), ...templates])
    const mounts = containers.flatMap(({ fields }) =>
      listAt(fields, 'volumeMounts').map((mount) => textAt(mount, 'name')),
    )
    return [
      ...(has('ServiceAccount', account) ? [] : [`${called(owner)}: there is no service account ${account}`]),
      ...maps
        .filter((name) => !has('ConfigMap', name))
        .map((name) => `${called(owner)}: there is no config map ${name}`),
      ...claims
        .filter((name) => !has('PersistentVolumeClaim', name))
        .map((name) => `${called(owner)}: there is no volume claim ${name}`),
      ...mounts.filter((name) => !volumes.has(name)).map((name) => `${called(owner)}: there is no volume ${name}`),
    ]
  })
}

const recommended = ['app.kubernetes.io/name', 'app.kubernetes.io/part-of', 'app.kubernetes.io/component']

/** Everything that runs carries the labels that Kubernetes recommends. */
export const labelsAreSet: Rule = (manifests) =>
  podTemplates(manifests).flatMap(({ owner, labels }) =>
    recommended.filter((label) => textAt(labels, label) === '').map((label) => `${called(owner)}: no label ${label}`),
  )

/** The variables that a container of a workload is given, each with its value where that is applied with it. */
export function environmentOf(
  manifests: readonly Manifest[],
  workload: string,
): ReadonlyMap<string, string | undefined> {
  const found = podTemplates(manifests).find(({ owner }) => owner.kind === 'Deployment' && owner.name === workload)
  if (found === undefined) throw new Error(`there is no deployment ${workload}`)
  const given = new Map<string, string | undefined>()
  for (const { fields } of found.containers) {
    for (const from of listAt(fields, 'envFrom')) {
      const map = manifests.find(
        ({ kind, name }) => kind === 'ConfigMap' && name === textAt(from, 'configMapRef', 'name'),
      )
      for (const [name, value] of Object.entries(fieldsAt(map?.fields, 'data'))) given.set(name, String(value))
    }
    for (const variable of listAt(fields, 'env')) {
      const secret = at(variable, 'valueFrom', 'secretKeyRef')
      const value = secret === undefined ? textAt(variable, 'value') : secretValue(manifests, secret)
      if (value !== undefined || at(secret, 'optional') !== true) given.set(textAt(variable, 'name'), value)
    }
  }
  return given
}

function secretValue(manifests: readonly Manifest[], reference: unknown): string | undefined {
  const secret = manifests.find(({ kind, name }) => kind === 'Secret' && name === textAt(reference, 'name'))
  const value = textAt(secret?.fields, 'data', textAt(reference, 'key'))
  return value === '' ? undefined : Buffer.from(value, 'base64').toString('utf8')
}
