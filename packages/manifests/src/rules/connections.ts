import { at, called, fieldsAt, isFields, listAt, type Manifest, type Rule, textAt } from '../manifest.ts'
import { openPorts, podTemplates, selects } from '../pods.ts'

const ofKind = (manifests: readonly Manifest[], kind: string) => manifests.filter((manifest) => manifest.kind === kind)

/** A workload selects its own pods, and every service, budget and spread selects some. */
export const selectorsMatch: Rule = (manifests) => {
  const pods = podTemplates(manifests)
  const own = pods
    .filter(({ owner }) => owner.kind === 'Deployment' || owner.kind === 'StatefulSet')
    .flatMap(({ owner, labels, spec }) => {
      const selector = at(owner.fields, 'spec', 'selector')
      const isEmpty = Object.keys(fieldsAt(selector, 'matchLabels')).length === 0
      const faults = isEmpty || !selects(selector, labels) ? [`${called(owner)}: does not select its own pods`] : []
      const spreads = listAt(spec, 'topologySpreadConstraints').filter(
        (one) => !selects(at(one, 'labelSelector'), labels),
      )
      return [...faults, ...spreads.map(() => `${called(owner)}: spreads other pods than its own`)]
    })
  const services = ofKind(manifests, 'Service').filter((service) => {
    const selector = { matchLabels: at(service.fields, 'spec', 'selector') }
    return pods.filter(({ labels }) => selects(selector, labels)).length !== 1
  })
  const budgets = ofKind(manifests, 'PodDisruptionBudget').filter(
    (budget) => pods.filter(({ labels }) => selects(at(budget.fields, 'spec', 'selector'), labels)).length !== 1,
  )
  const scalers = ofKind(manifests, 'HorizontalPodAutoscaler').filter((scaler) => {
    const target = at(scaler.fields, 'spec', 'scaleTargetRef')
    return !manifests.some(({ kind, name }) => kind === textAt(target, 'kind') && name === textAt(target, 'name'))
  })
  return [
    ...own,
    ...[...services, ...budgets].map((one) => `${called(one)}: does not select the pods of exactly one workload`),
    ...scalers.map((one) => `${called(one)}: scales what is not there`),
  ]
}

/** The ports of services are open in the pods behind them, and whoever names a service names one of its ports. */
export const portsAgree: Rule = (manifests) => {
  const pods = podTemplates(manifests)
  const services = ofKind(manifests, 'Service')
  const targets = services.flatMap((service) => {
    const selector = { matchLabels: at(service.fields, 'spec', 'selector') }
    return pods
      .filter(({ labels }) => selects(selector, labels))
      .flatMap((pod) =>
        listAt(service.fields, 'spec', 'ports')
          .map((port) => textAt(port, 'targetPort') || textAt(port, 'port'))
          .filter((target) => !openPorts(pod).has(target))
          .map((target) => `${called(service)}: nobody opens the port ${target}`),
      )
  })
  const hasPort = (name: string, port: string) =>
    services
      .filter((service) => service.name === name)
      .flatMap((service) => listAt(service.fields, 'spec', 'ports'))
      .some((one) => textAt(one, 'name') === port || textAt(one, 'port') === port)
  const ingresses = ofKind(manifests, 'Ingress').flatMap((ingress) =>
    listAt(ingress.fields, 'spec', 'rules')
      .flatMap((rule) => listAt(rule, 'http', 'paths'))
      .map((path) => at(path, 'backend', 'service'))
      .map((service) => ({
        name: textAt(service, 'name'),
        port: textAt(service, 'port', 'name') || textAt(service, 'port', 'number'),
      }))
      .filter(({ name, port }) => !hasPort(name, port))
      .map(({ name, port }) => `${called(ingress)}: there is no port ${port} of a service ${name}`),
  )
  const routes = ofKind(manifests, 'HTTPRoute').flatMap((route) =>
    listAt(route.fields, 'spec', 'rules')
      .flatMap((rule) => listAt(rule, 'backendRefs'))
      .filter((backend) => !hasPort(textAt(backend, 'name'), textAt(backend, 'port')))
      .map(
        (backend) =>
          `${called(route)}: there is no port ${textAt(backend, 'port')} of a service ${textAt(backend, 'name')}`,
      ),
  )
  return [...targets, ...ingresses, ...routes]
}

/** Network policies speak of pods that exist and of ports that these open, and one of them denies what no other allows. */
export const policiesAgree: Rule = (manifests) => {
  const policies = ofKind(manifests, 'NetworkPolicy')
  if (policies.length === 0) return []
  const pods = podTemplates(manifests)
  const podsOf = (selector: unknown) => pods.filter(({ labels }) => selects(selector, labels))
  const denies = policies.some(({ fields }) => {
    const spec = fieldsAt(fields, 'spec')
    const everybody = Object.keys(fieldsAt(spec, 'podSelector')).length === 0
    const both = ['Ingress', 'Egress'].every((type) => listAt(spec, 'policyTypes').includes(type))
    return everybody && both && spec['ingress'] === undefined && spec['egress'] === undefined
  })
  const faults = policies.flatMap((policy) => {
    const spec = at(policy.fields, 'spec')
    const subjects = podsOf(at(spec, 'podSelector'))
    const inward = listAt(spec, 'ingress').flatMap((rule) => [
      ...listAt(rule, 'from').flatMap((peer) => missingPeer(policy, peer)),
      ...closedPorts(policy, rule, subjects),
    ])
    const outward = listAt(spec, 'egress').flatMap((rule) =>
      listAt(rule, 'to').flatMap((peer) => {
        if (isElsewhere(peer)) return []
        return [...missingPeer(policy, peer), ...closedPorts(policy, rule, podsOf(at(peer, 'podSelector')))]
      }),
    )
    return [...(subjects.length === 0 ? [`${called(policy)}: is about no pod`] : []), ...inward, ...outward]
  })
  return denies ? faults : ['no network policy denies what no other allows', ...faults]

  function missingPeer(policy: Manifest, peer: unknown): readonly string[] {
    if (isElsewhere(peer) || podsOf(at(peer, 'podSelector')).length > 0) return []
    return [`${called(policy)}: no pod is ${JSON.stringify(at(peer, 'podSelector'))}`]
  }
}

const isElsewhere = (peer: unknown): boolean =>
  isFields(peer) && (peer['namespaceSelector'] !== undefined || peer['ipBlock'] !== undefined)

const closedPorts = (policy: Manifest, rule: unknown, pods: ReturnType<typeof podTemplates>): readonly string[] =>
  listAt(rule, 'ports')
    .map((port) => textAt(port, 'port'))
    .filter((port) => pods.some((pod) => !openPorts(pod).has(port)))
    .map((port) => `${called(policy)}: lets through the port ${port}, which is not open`)
