import { at, fieldsAt, isFields, listAt, type Manifest, type Rule, textAt } from '../manifest.ts'
import { type PodTemplate, podTemplates, selects } from '../pods.ts'
import { environmentOf } from './references.ts'

type Direction = 'Ingress' | 'Egress'

interface Policy {
  readonly selector: unknown
  readonly types: readonly unknown[]
  readonly rules: Readonly<Record<Direction, readonly unknown[]>>
}

const policiesIn = (manifests: readonly Manifest[]): readonly Policy[] =>
  manifests
    .filter(({ kind }) => kind === 'NetworkPolicy')
    .map(({ fields }) => ({
      selector: at(fields, 'spec', 'podSelector'),
      types: listAt(fields, 'spec', 'policyTypes'),
      rules: { Ingress: listAt(fields, 'spec', 'ingress'), Egress: listAt(fields, 'spec', 'egress') },
    }))

/** Whether policies let `pod` speak to `peer` on a port of the peer, or be spoken to. Where none is about it, everything may. */
function isAllowed(
  policies: readonly Policy[],
  direction: Direction,
  pod: PodTemplate,
  peer: PodTemplate,
  port: string,
) {
  const about = policies.filter(({ selector, types }) => types.includes(direction) && selects(selector, pod.labels))
  const side = direction === 'Ingress' ? 'from' : 'to'
  return (
    about.length === 0 ||
    about.some(({ rules }) =>
      rules[direction].some((rule) => {
        const peers = listAt(rule, side)
        const isPeer =
          peers.length === 0 || peers.some((one) => isInNamespace(one) && selects(at(one, 'podSelector'), peer.labels))
        return isPeer && listAt(rule, 'ports').some((one) => textAt(one, 'port') === port)
      }),
    )
  )
}

const isInNamespace = (peer: unknown) =>
  isFields(peer) && peer['podSelector'] !== undefined && peer['namespaceSelector'] === undefined

const urlHost = /\b(?:https?|nats|mongodb):\/\/(?:[^@/\s]*@)?([a-z0-9.-]+):(\d+)/g

/** What a service is told to speak to is there, and the network policies of both sides let it through. */
export const waysAreOpen: Rule = (manifests) => {
  const policies = policiesIn(manifests)
  const pods = podTemplates(manifests)
  return pods
    .filter(({ owner }) => owner.kind === 'Deployment')
    .flatMap((pod) =>
      [...environmentOf(manifests, pod.owner.name)].flatMap(([variable, value = '']) =>
        [...value.matchAll(urlHost)].flatMap(([, host = '', port = '']) => {
          const [name = '', namespace] = host.split('.')
          if (namespace !== undefined) return []
          const service = manifests.find((one) => one.kind === 'Service' && one.name === name)
          const selector = { matchLabels: at(service?.fields, 'spec', 'selector') }
          const peer = pods.find(({ labels }) => selects(selector, labels))
          if (service === undefined || peer === undefined)
            return [`${pod.owner.name}: ${variable} names ${host}, which is not there`]
          const target = targetPort(service, peer, port)
          return [
            ...(isAllowed(policies, 'Egress', pod, peer, target)
              ? []
              : [`${pod.owner.name}: may not speak to ${host}:${target}`]),
            ...(isAllowed(policies, 'Ingress', peer, pod, target)
              ? []
              : [`${name}: may not be spoken to by ${pod.owner.name} on ${target}`]),
          ]
        }),
      ),
    )
}

/** The number of the pod's port behind a port of its service. */
function targetPort(service: Manifest, { containers }: PodTemplate, port: string): string {
  const target = listAt(service.fields, 'spec', 'ports').find((one) => textAt(one, 'port') === port)
  const name = textAt(target, 'targetPort') || port
  const opened = containers
    .flatMap(({ fields }) => listAt(fields, 'ports'))
    .find((one) => textAt(one, 'name') === name || textAt(one, 'containerPort') === name)
  return textAt(opened, 'containerPort')
}

/** Where policies deny what no other allows, every pod may ask for names, by UDP and, for long answers, by TCP. */
export const namesCanBeAsked: Rule = (manifests) => {
  const policies = policiesIn(manifests).filter(({ types }) => types.includes('Egress'))
  return podTemplates(manifests).flatMap(({ owner, labels }) => {
    const about = policies.filter(({ selector }) => selects(selector, labels))
    if (!about.some(({ selector }) => Object.keys(fieldsAt({ selector }, 'selector')).length === 0)) return []
    const ports = about
      .flatMap(({ rules }) => rules.Egress)
      .flatMap((rule) => listAt(rule, 'ports'))
      .filter((one) => textAt(one, 'port') === '53')
      .map((one) => textAt(one, 'protocol'))
    return ['UDP', 'TCP']
      .filter((protocol) => !ports.includes(protocol))
      .map((protocol) => `${owner.kind}/${owner.name}: may not ask for names by ${protocol}`)
  })
}

/**
 * Limits are kept per address of a client. auth hears it from the gateway, its only neighbour; the gateway from what stands
 * before it, and when nothing does it believes nobody.
 */
export const clientAddressesAreKnown: Rule = (manifests) => {
  const isTold = (workload: string) => environmentOf(manifests, workload).has('TRUSTED_PROXIES')
  const isFronted = manifests.some(({ kind }) => kind === 'Ingress' || kind === 'HTTPRoute')
  const has = (workload: string) => manifests.some(({ kind, name }) => kind === 'Deployment' && name === workload)
  return [
    ...(has('auth') && !isTold('auth')
      ? ['auth: without TRUSTED_PROXIES every client has the address of the gateway']
      : []),
    ...(isFronted && has('gateway') && !isTold('gateway')
      ? ['gateway: without TRUSTED_PROXIES every client has the address of the ingress']
      : []),
    ...(!isFronted && has('gateway') && isTold('gateway')
      ? ['gateway: with TRUSTED_PROXIES and nothing before it, every client says its address itself']
      : []),
  ]
}
