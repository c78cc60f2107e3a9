import { at, called, type Fields, fieldsAt, isFields, listAt, type Manifest, textAt } from './manifest.ts'

/** What a workload makes pods from. */
export interface PodTemplate {
  readonly owner: Manifest
  readonly labels: Fields
  readonly spec: Fields
  readonly containers: readonly Container[]
}

export interface Container {
  /** `Deployment/orders service` */
  readonly called: string
  /** Runs before the others and ends, so nobody probes it. */
  readonly isInit: boolean
  readonly image: string
  readonly fields: Fields
}

const templatePaths: Readonly<Record<string, readonly string[]>> = {
  Deployment: ['spec', 'template'],
  StatefulSet: ['spec', 'template'],
  DaemonSet: ['spec', 'template'],
  Job: ['spec', 'template'],
  CronJob: ['spec', 'jobTemplate', 'spec', 'template'],
}

export function podTemplates(manifests: readonly Manifest[]): readonly PodTemplate[] {
  return manifests.flatMap((owner) => {
    const path = templatePaths[owner.kind]
    if (path === undefined) return []
    const template = at(owner.fields, ...path)
    const spec = fieldsAt(template, 'spec')
    const containers = [
      ...listAt(spec, 'initContainers').map((fields) => containerOf(owner, fields, true)),
      ...listAt(spec, 'containers').map((fields) => containerOf(owner, fields, false)),
    ]
    return [{ owner, labels: fieldsAt(template, 'metadata', 'labels'), spec, containers }]
  })
}

const containerOf = (owner: Manifest, fields: unknown, isInit: boolean): Container => ({
  called: `${called(owner)} ${textAt(fields, 'name')}`,
  isInit,
  image: textAt(fields, 'image'),
  fields: isFields(fields) ? fields : {},
})

/** Whether a selector with matchLabels and matchExpressions takes an object with these labels. */
export function selects(selector: unknown, labels: Fields): boolean {
  const wanted = Object.entries(fieldsAt(selector, 'matchLabels'))
  if (!wanted.every(([name, value]) => labels[name] === value)) return false
  return listAt(selector, 'matchExpressions').every((expression) => {
    const label = textAt(labels, textAt(expression, 'key'))
    const values = listAt(expression, 'values')
    switch (textAt(expression, 'operator')) {
      case 'In':
        return values.includes(label)
      case 'NotIn':
        return !values.includes(label)
      case 'Exists':
        return label !== ''
      case 'DoesNotExist':
        return label === ''
      default:
        return false
    }
  })
}

/** Names and numbers of the ports that a pod opens. */
export const openPorts = ({ containers }: PodTemplate): ReadonlySet<string> =>
  new Set(
    containers.flatMap(({ fields }) =>
      listAt(fields, 'ports').flatMap((port) => [textAt(port, 'name'), textAt(port, 'containerPort')]),
    ),
  )
