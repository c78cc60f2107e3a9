import { describe, expect, it } from 'vitest'
import { type Manifest, parseManifests } from '../src/manifest.ts'
import { environmentIsComplete } from '../src/rules/environment.ts'
import { schemaFaults } from '../src/schema-faults.ts'
import { allRules } from './all-rules.ts'
import { settings } from './settings.ts'

/** A gateway as it should be; each test breaks it in one place. */
const sound = `
apiVersion: apps/v1
kind: Deployment
metadata: { name: gateway }
spec:
  selector: { matchLabels: { app.kubernetes.io/name: gateway } }
  template:
    metadata:
      labels:
        app.kubernetes.io/name: gateway
        app.kubernetes.io/part-of: tradewind
        app.kubernetes.io/component: gateway
    spec:
      serviceAccountName: gateway
      automountServiceAccountToken: false
      terminationGracePeriodSeconds: 45
      securityContext: { runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: RuntimeDefault } }
      containers:
        - name: service
          image: tradewind/gateway:1.2.3
          envFrom: [{ configMapRef: { name: gateway-settings } }]
          env: [{ name: NATS_URL, valueFrom: { secretKeyRef: { name: gateway-secrets, key: NATS_URL } } }]
          ports: [{ name: http, containerPort: 8080 }, { name: admin, containerPort: 9090 }]
          startupProbe: { httpGet: { path: /livez, port: admin } }
          livenessProbe: { httpGet: { path: /livez, port: admin } }
          readinessProbe: { httpGet: { path: /readyz, port: admin } }
          lifecycle: { preStop: { sleep: { seconds: 5 } } }
          resources: { requests: { cpu: 10m, memory: 64Mi }, limits: { cpu: 1, memory: 128Mi } }
          securityContext: { allowPrivilegeEscalation: false, readOnlyRootFilesystem: true, capabilities: { drop: [ALL] } }
---
apiVersion: v1
kind: ConfigMap
metadata: { name: gateway-settings }
data:
  PORT: "8080"
  TRUSTED_PROXIES: "1"
  # It stands for auth, too; the others are elsewhere.
  AUTH_URL: http://gateway:8080
  INVENTORY_URL: http://inventory.example.com:8080
  ORDERS_URL: http://orders.example.com:8080
  PAYMENTS_URL: http://payments.example.com:8080
  NOTIFICATIONS_URL: http://notifications.example.com:8080
---
apiVersion: v1
kind: Service
metadata: { name: gateway }
spec: { selector: { app.kubernetes.io/name: gateway }, ports: [{ name: http, port: 8080, targetPort: http }] }
---
apiVersion: v1
kind: ServiceAccount
metadata: { name: gateway }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: default-deny }
spec: { podSelector: {}, policyTypes: [Ingress, Egress] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: names }
spec: { podSelector: {}, policyTypes: [Egress], egress: [{ ports: [{ protocol: UDP, port: 53 }, { protocol: TCP, port: 53 }] }] }
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: { name: gateway }
spec:
  podSelector: { matchLabels: { app.kubernetes.io/name: gateway } }
  policyTypes: [Ingress, Egress]
  ingress: [{ ports: [{ protocol: TCP, port: 8080 }] }]
  egress:
    - to: [{ podSelector: { matchLabels: { app.kubernetes.io/name: gateway } } }]
      ports: [{ protocol: TCP, port: 8080 }]
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: { name: gateway }
spec:
  rules:
    - http: { paths: [{ path: /, pathType: Prefix, backend: { service: { name: gateway, port: { name: http } } } }] }
`

const rules = { ...allRules, environmentIsComplete: environmentIsComplete({ gateway: settings.gateway }) }

const faultsOf = async (manifests: readonly Manifest[]) => [
  ...(await Promise.all(manifests.map(schemaFaults))).flat(),
  ...Object.values(rules).flatMap((rule) => rule(manifests)),
]

describe('a sound deployment', () => {
  it('breaks no rule', async () => {
    expect(await faultsOf(parseManifests(sound))).toEqual([])
  })
})

describe('one that is broken in one place', () => {
  it.each([
    ['a tag that moves', 'gateway:1.2.3', 'gateway:latest', 'has no fixed tag'],
    ['no tag', 'gateway:1.2.3', 'gateway', 'has no fixed tag'],
    ['no limit', 'limits: { cpu: 1, memory: 128Mi }', 'limits: { cpu: 1 }', 'no limits of memory'],
    ['no readiness', 'readinessProbe: { httpGet: { path: /readyz, port: admin } }', '', 'no readinessProbe'],
    [
      'a probe of a closed port',
      'startupProbe: { httpGet: { path: /livez, port: admin } }',
      'startupProbe: { httpGet: { path: /livez, port: metrics } }',
      'which is not open',
    ],
    ['root', 'runAsNonRoot: true, ', '', 'may run as root'],
    ['no user by number', 'runAsUser: 1000, ', '', 'names no user by number'],
    ['no seccomp profile', ', seccompProfile: { type: RuntimeDefault }', '', 'has no seccomp profile'],
    ['privileges to gain', 'allowPrivilegeEscalation: false, ', '', 'may gain privileges'],
    [
      'a file system to write',
      'readOnlyRootFilesystem: true',
      'readOnlyRootFilesystem: false',
      'may write its file system',
    ],
    ['capabilities', 'drop: [ALL]', 'drop: [NET_RAW]', 'keeps capabilities'],
    ['a token', 'automountServiceAccountToken: false', 'automountServiceAccountToken: true', 'mounts a token'],
    [
      'the network of the node',
      'serviceAccountName: gateway',
      'serviceAccountName: gateway\n      hostNetwork: true',
      'shares hostNetwork',
    ],
    [
      'too little grace',
      'terminationGracePeriodSeconds: 45',
      'terminationGracePeriodSeconds: 30',
      'stopping may take 35 s',
    ],
    [
      'a selector of others',
      'selector: { matchLabels: { app.kubernetes.io/name: gateway } }',
      'selector: { matchLabels: { app.kubernetes.io/name: door } }',
      'does not select its own pods',
    ],
    [
      'a service without pods',
      'selector: { app.kubernetes.io/name: gateway }, ports',
      'selector: { app.kubernetes.io/name: door }, ports',
      'exactly one workload',
    ],
    ['a service of a closed port', 'targetPort: http', 'targetPort: web', 'nobody opens the port web'],
    ['an ingress to nowhere', 'port: { name: http } }', 'port: { name: web } }', 'no port web of a service gateway'],
    [
      'a policy of a closed port',
      '{ protocol: TCP, port: 8080 }',
      '{ protocol: TCP, port: 80 }',
      'lets through the port 80',
    ],
    [
      'a policy about nobody',
      'podSelector: { matchLabels: { app.kubernetes.io/name: gateway } }',
      'podSelector: { matchLabels: { app.kubernetes.io/name: door } }',
      'is about no pod',
    ],
    [
      'nothing that denies',
      'podSelector: {}, policyTypes: [Ingress, Egress] }',
      'podSelector: {}, policyTypes: [Ingress] }',
      'no network policy denies',
    ],
    [
      'a way that is closed where it begins',
      'to: [{ podSelector: { matchLabels: { app.kubernetes.io/name: gateway } } }]\n      ports: [{ protocol: TCP, port: 8080 }]',
      'to: [{ podSelector: { matchLabels: { app.kubernetes.io/name: gateway } } }]\n      ports: [{ protocol: TCP, port: 9090 }]',
      'gateway: may not speak to gateway:8080',
    ],
    [
      'a way that is closed where it ends',
      'ingress: [{ ports: [{ protocol: TCP, port: 8080 }] }]',
      'ingress: [{ ports: [{ protocol: TCP, port: 9090 }] }]',
      'gateway: may not be spoken to by gateway on 8080',
    ],
    [
      'a way to nowhere',
      'AUTH_URL: http://gateway:8080',
      'AUTH_URL: http://auth:8080',
      'names auth, which is not there',
    ],
    ['names that cannot be asked for', '{ protocol: UDP, port: 53 }, ', '', 'may not ask for names by UDP'],
    ['an ingress that nobody believes', '  TRUSTED_PROXIES: "1"\n', '', 'every client has the address of the ingress'],
    [
      'a volume that restricted does not allow',
      'serviceAccountName: gateway',
      'serviceAccountName: gateway\n      volumes: [{ name: node, hostPath: { path: / } }]',
      'the volume node is of a kind that is not allowed',
    ],
    [
      'root in a container',
      'allowPrivilegeEscalation: false,',
      'runAsUser: 0, allowPrivilegeEscalation: false,',
      'service: may run as root',
    ],
    ['a port of the node', 'containerPort: 8080 }', 'containerPort: 8080, hostPort: 80 }', 'opens a port of the node'],
    [
      'a probe of somebody else',
      'readinessProbe: { httpGet: { path: /readyz, port: admin } }',
      'readinessProbe: { httpGet: { path: /readyz, port: admin, host: example.com } }',
      'is probed elsewhere',
    ],
    [
      'a config map that is not there',
      'configMapRef: { name: gateway-settings }',
      'configMapRef: { name: gateway-setting }',
      'there is no config map',
    ],
    ['no label', 'app.kubernetes.io/part-of: tradewind', 'app: tradewind', 'no label app.kubernetes.io/part-of'],
    ['a variable too few', '  ORDERS_URL: http://orders.example.com:8080\n', '', 'gateway: ORDERS_URL is not given'],
    ['a variable too many', '  PORT: "8080"', '  PROT: "8080"', 'gateway: PROT is not known'],
    ['a value that is refused', '  PORT: "8080"', '  PORT: "80800"', 'gateway: PORT'],
    [
      'a field that Kubernetes does not know',
      'resources: { requests',
      'resource: {}\n          resources: { requests',
      'unknown field /spec/template/spec/containers/0/resource',
    ],
    ['a field of the wrong type', 'containerPort: 8080', 'containerPort: eighty', 'Deployment/gateway: {'],
  ])('is refused for %s', async (_, from, to, fault) => {
    expect(sound).toContain(from)
    const faults = await faultsOf(parseManifests(sound.replace(from, to)))
    expect(faults.filter((line) => line.includes(fault))).not.toEqual([])
  })
})
