import { at, listAt, type Rule, textAt } from '../manifest.ts'
import { podTemplates } from '../pods.ts'

const containersOf = (manifests: Parameters<Rule>[0]) => podTemplates(manifests).flatMap(({ containers }) => containers)

/** Nobody takes what others need: requests and limits of processor and memory. */
export const resourcesAreBounded: Rule = (manifests) =>
  containersOf(manifests).flatMap(({ called, fields }) =>
    ['requests', 'limits'].flatMap((bound) =>
      ['cpu', 'memory']
        .filter((resource) => textAt(fields, 'resources', bound, resource) === '')
        .map((resource) => `${called}: no ${bound} of ${resource}`),
    ),
  )

/** Whatever runs for ever says when it has started, lives and is ready. */
export const probesAreSet: Rule = (manifests) =>
  podTemplates(manifests)
    .filter(({ owner }) => owner.kind !== 'CronJob' && owner.kind !== 'Job')
    .flatMap(({ containers }) => containers.filter(({ isInit }) => !isInit))
    .flatMap(({ called, fields }) => {
      const ports = listAt(fields, 'ports').map((port) => textAt(port, 'name'))
      return ['startupProbe', 'livenessProbe', 'readinessProbe'].flatMap((probe) => {
        const found = at(fields, probe)
        if (found === undefined) return [`${called}: no ${probe}`]
        const port = textAt(found, 'httpGet', 'port') || textAt(found, 'tcpSocket', 'port')
        return port === '' || ports.includes(port)
          ? []
          : [`${called}: the ${probe} asks the port ${port}, which is not open`]
      })
    })

const volumeTypes = [
  'configMap',
  'csi',
  'downwardAPI',
  'emptyDir',
  'ephemeral',
  'persistentVolumeClaim',
  'projected',
  'secret',
]
const handlers = [
  ['startupProbe'],
  ['livenessProbe'],
  ['readinessProbe'],
  ['lifecycle', 'preStop'],
  ['lifecycle', 'postStart'],
]
/** Kubernetes 1.34 and later refuse a host in probes and hooks: the kubelet would ask in our name. */
const asksElsewhere = (handler: unknown): boolean =>
  at(handler, 'httpGet', 'host') !== undefined || at(handler, 'tcpSocket', 'host') !== undefined

/** The strictest of the Pod Security Standards, `restricted`, and a file system that cannot be written. */
export const podsAreRestricted: Rule = (manifests) =>
  podTemplates(manifests).flatMap(({ owner, spec, containers }) => {
    const faults: string[] = []
    const name = `${owner.kind}/${owner.name}`
    if (at(spec, 'automountServiceAccountToken') !== false) faults.push(`${name}: mounts a token of Kubernetes`)
    if (textAt(spec, 'serviceAccountName') === '') faults.push(`${name}: has no service account of its own`)
    if (at(spec, 'securityContext', 'runAsNonRoot') !== true) faults.push(`${name}: may run as root`)
    if (!(Number(at(spec, 'securityContext', 'runAsUser')) > 0)) faults.push(`${name}: names no user by number`)
    if (textAt(spec, 'securityContext', 'seccompProfile', 'type') !== 'RuntimeDefault')
      faults.push(`${name}: has no seccomp profile`)
    for (const host of ['hostNetwork', 'hostPID', 'hostIPC'])
      if (at(spec, host) !== undefined) faults.push(`${name}: shares ${host}`)
    for (const volume of listAt(spec, 'volumes'))
      if (!volumeTypes.some((type) => at(volume, type) !== undefined))
        faults.push(`${name}: the volume ${textAt(volume, 'name')} is of a kind that is not allowed`)
    for (const { called, fields } of containers) {
      const context = at(fields, 'securityContext')
      if (at(context, 'allowPrivilegeEscalation') !== false) faults.push(`${called}: may gain privileges`)
      if (at(context, 'readOnlyRootFilesystem') !== true) faults.push(`${called}: may write its file system`)
      if (!listAt(context, 'capabilities', 'drop').includes('ALL')) faults.push(`${called}: keeps capabilities`)
      if (at(context, 'privileged') === true) faults.push(`${called}: is privileged`)
      // What a container says of itself goes before what its pod says.
      if (at(context, 'runAsNonRoot') === false || at(context, 'runAsUser') === 0)
        faults.push(`${called}: may run as root`)
      if (at(context, 'seccompProfile', 'type') === 'Unconfined') faults.push(`${called}: has no seccomp profile`)
      if (listAt(context, 'capabilities', 'add').length > 0) faults.push(`${called}: asks for capabilities`)
      if (listAt(fields, 'ports').some((port) => at(port, 'hostPort') !== undefined))
        faults.push(`${called}: opens a port of the node`)
      if (handlers.some((path) => asksElsewhere(at(fields, ...path)))) faults.push(`${called}: is probed elsewhere`)
    }
    return faults
  })

/** How long a service gives itself to stop, in seconds; service-kit's limit. */
const shutdownSeconds = 30

/** A service is not killed while it stops: what it waits before, and its own limit, fit into its grace. */
export const graceIsLongEnough: Rule = (manifests) =>
  podTemplates(manifests)
    .filter(({ owner }) => owner.kind === 'Deployment')
    .flatMap(({ owner, spec, containers }) => {
      const waits = containers.map(({ fields }) => Number(at(fields, 'lifecycle', 'preStop', 'sleep', 'seconds') ?? 0))
      const grace = Number(at(spec, 'terminationGracePeriodSeconds') ?? 0)
      const needed = shutdownSeconds + Math.max(0, ...waits)
      return grace > needed ? [] : [`Deployment/${owner.name}: ${grace} s of grace, and stopping may take ${needed} s`]
    })
