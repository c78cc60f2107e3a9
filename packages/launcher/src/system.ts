import { join, resolve } from 'node:path'
import { claimPort, isPortFree, type PortClaim } from './claim-port.ts'
import {
  type Component,
  type ComponentName,
  type ComponentSpec,
  type ServiceName,
  serviceNames,
  startComponent,
} from './component.ts'
import {
  type Environment,
  embeddedMongodbSpec,
  natsServerSpec,
  type Place,
  serviceSpec,
  serviceUrls,
} from './component-specs.ts'
import { keptSecrets } from './kept-secrets.ts'
import type { Exit } from './process.ts'

export type { Component, ComponentName } from './component.ts'

/** The account that auth makes an operator when it starts. */
export interface Operator {
  readonly email: string
  readonly password: string
}

export interface SystemOptions {
  /** Keeps the database and the broker's files. */
  readonly dataDir: string
  /** One file per component. */
  readonly logDir: string
  /** Of the public door; a free one when left out or 0. */
  readonly gatewayPort?: number
  readonly operator?: Operator
  /** Set for every service, `LOG_LEVEL` or a deadline. MONGODB_URL and NATS_URL name servers to use instead of own ones. */
  readonly env?: Readonly<Record<string, string>>
  /** Database of each service: this and the service's name, `tradewind_orders`. For several systems on one server. */
  readonly databasePrefix?: string
  /** Where a service finds what it depends on, when that is not the address itself: a proxy that a test puts in between. */
  readonly link?: (from: ComponentName, to: ComponentName, url: string) => Promise<string>
  readonly onProgress?: (step: SystemStep) => void
  /** A component ended although nobody stopped the system. It stays ended until it is restarted. */
  readonly onUnexpectedExit?: (component: Component, exit: Exit) => void
  /** Ends the start early; a system that is up ends with `stop`. */
  readonly signal?: AbortSignal
}

export interface SystemStep {
  readonly component: ComponentName
  /** `nats-server 2.9.10` */
  readonly detail: string
  /** Since it was started. */
  readonly elapsedMs: number
}

export interface System {
  readonly gatewayUrl: string
  readonly mongodbUrl: string
  readonly natsUrl: string
  /** Without the broker or the database when they were given from outside. */
  readonly components: Readonly<Partial<Record<ComponentName, Component>>>
  /** One component by name; throws for a broker or database that was given from outside. */
  readonly component: (name: ComponentName) => Component
  /**
   * Starts one more process of a service or the gateway, on ports of its own, as a rolling update does. From then on it is the
   * component of that name. The caller leads everybody to it, and ends the old one. Another `checkout` is another version.
   */
  readonly startReplica: (name: ServiceName | 'gateway', checkout?: string) => Promise<Component>
  /** Ends the gateway, then the services, then broker and database; whoever does not end in time is killed. */
  readonly stop: () => Promise<void>
}

/**
 * Starts the whole system on this machine: broker and database, then the services, then the gateway. Resolves when all of
 * them are ready. Rejects with what went wrong, or when `signal` is aborted, after ending what it had started. The caller
 * makes sure that nobody else works with the data folder.
 */
export async function startSystem(options: SystemOptions): Promise<System> {
  if (options.gatewayPort && !(await isPortFree(options.gatewayPort))) throw portInUse(options.gatewayPort)
  const claims: PortClaim[] = []
  const components = new Map<ComponentName, Component>()
  const starting = new Set<Promise<unknown>>()
  let phase: 'starting' | 'up' | 'stopping' = 'starting'

  const stopAll = async () => {
    phase = 'stopping'
    for (const wave of [['gateway'], serviceNames, ['nats', 'mongodb']] as const) {
      await Promise.all(wave.map((name) => components.get(name)?.stop() ?? Promise.resolve()))
    }
    // Whoever was still on its way up ends by itself as soon as it is up.
    await Promise.allSettled(starting)
    for (const claim of claims) claim.release()
  }
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= stopAll())

  const newPort = async () => {
    const claim = await claimPort()
    claims.push(claim)
    return claim.port
  }

  const onExit = (name: ComponentName, exit: Exit) => {
    const component = components.get(name)
    if (phase === 'up' && component !== undefined) options.onUnexpectedExit?.(component, exit)
  }
  const startOne = async (spec: ComponentSpec) => {
    const startedAt = performance.now()
    const component = await startComponent(spec, onExit)
    if (phase === 'stopping') {
      await component.stop()
      throw new Error('interrupted')
    }
    components.set(spec.name, component)
    await component.waitReady()
    const elapsedMs = Math.round(performance.now() - startedAt)
    options.onProgress?.({ component: spec.name, detail: spec.detail ?? spec.url, elapsedMs })
    return component
  }
  const start = (spec: ComponentSpec) => {
    const begun = startOne(spec).finally(() => starting.delete(begun))
    starting.add(begun)
    return begun
  }

  const interrupted = new Promise<never>((_, reject) => {
    options.signal?.addEventListener('abort', () => reject(new Error('interrupted')), { once: true })
  })
  try {
    const system = await Promise.race([startAll(options, { start, newPort, stop }), interrupted])
    phase = 'up'
    return system
  } catch (error) {
    await stop()
    throw error
  }
}

/** One clear line for a port that somebody else listens on. */
export const portInUse = (port: number): Error =>
  new Error(`port ${port} is in use; TRADEWIND_PORT names another one for the gateway`)

interface Means {
  readonly start: (spec: ComponentSpec) => Promise<Component>
  readonly newPort: () => Promise<number>
  readonly stop: () => Promise<void>
}

async function startAll(options: SystemOptions, { start, newPort, stop }: Means): Promise<System> {
  const env: Environment = { ...process.env, ...options.env }
  const dataDir = resolve(options.dataDir)
  const logFile = (name: string) => join(resolve(options.logDir), `${name}.log`)

  const mongodbSpec = env['MONGODB_URL']
    ? undefined
    : embeddedMongodbSpec({ port: await newPort(), dataDir: join(dataDir, 'mongodb'), logFile: logFile('mongodb') })
  const natsSpec = env['NATS_URL']
    ? undefined
    : await natsServerSpec({
        port: await newPort(),
        monitoringPort: await newPort(),
        dataDir: join(dataDir, 'nats'),
        logFile: logFile('nats'),
      })
  const backends = await startTogether(
    [mongodbSpec, natsSpec].filter((spec) => spec !== undefined),
    start,
  )
  const mongodbUrl = mongodbSpec?.url ?? env['MONGODB_URL'] ?? ''
  const natsUrl = natsSpec?.url ?? env['NATS_URL'] ?? ''

  const place = async (port?: number): Promise<Place> => ({
    port: port ?? (await newPort()),
    adminPort: await newPort(),
  })
  const places = {
    auth: await place(),
    inventory: await place(),
    orders: await place(),
    payments: await place(),
    notifications: await place(),
    gateway: await place(options.gatewayPort || undefined),
  }
  const urls = serviceUrls(places)
  const shared: Environment = {
    ...keptSecrets(dataDir),
    AUTH_PUBLIC_URL: `http://127.0.0.1:${places.gateway.port}`,
    // The gateway, which runs beside them, says whose request it is. It believes nobody itself.
    TRUSTED_PROXIES: 'loopback',
    NOTIFICATIONS_PUBLIC_URL: `http://127.0.0.1:${places.gateway.port}`,
    ...givenOf(env),
  }
  const { link = async (_from, _to, url) => url } = options
  const settingsOf = async (name: ServiceName): Promise<Environment> => ({
    MONGODB_URL: await link(name, 'mongodb', mongodbUrl),
    MONGODB_DATABASE: `${options.databasePrefix ?? 'tradewind_'}${name}`,
    ...(name === 'auth' && operatorSettings(options.operator)),
  })
  const gatewaySettings = async (): Promise<Environment> => ({
    AUTH_URL: await link('gateway', 'auth', urls.AUTH_URL),
    INVENTORY_URL: await link('gateway', 'inventory', urls.INVENTORY_URL),
    ORDERS_URL: await link('gateway', 'orders', urls.ORDERS_URL),
    PAYMENTS_URL: await link('gateway', 'payments', urls.PAYMENTS_URL),
    NOTIFICATIONS_URL: await link('gateway', 'notifications', urls.NOTIFICATIONS_URL),
    TRUSTED_PROXIES: env['TRUSTED_PROXIES'],
  })
  const specOf = async (name: ServiceName | 'gateway', at: Place, checkout?: string) =>
    serviceSpec({
      name,
      checkout,
      ...at,
      logFile: logFile(name),
      env: {
        ...shared,
        NATS_URL: await link(name, 'nats', natsUrl),
        JWKS_URL: await link(name, 'auth', urls.JWKS_URL),
        ...(await (name === 'gateway' ? gatewaySettings() : settingsOf(name))),
      },
    })
  const specs = await Promise.all(serviceNames.map((name) => specOf(name, places[name])))
  const services = await startTogether(specs, start)
  const gateway = await start(await specOf('gateway', places.gateway))
  const current = new Map([...backends, ...services, gateway].map((component) => [component.name, component]))
  return {
    gatewayUrl: gateway.url,
    mongodbUrl,
    natsUrl,
    components: Object.fromEntries(current),
    component: (name) => {
      const found = current.get(name)
      if (found === undefined) throw new Error(`${name} was given from outside and is not ours to control`)
      return found
    },
    startReplica: async (name, checkout) => {
      const replica = await start(await specOf(name, await place(), checkout))
      current.set(name, replica)
      return replica
    },
    stop,
  }
}

/** What is set to something. An empty variable counts as not set. */
const givenOf = (env: Environment): Environment =>
  Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined && value !== ''))

/** Waits for every one, so that nothing is still coming up when the first failure is reported. */
async function startTogether(specs: readonly ComponentSpec[], start: Means['start']): Promise<readonly Component[]> {
  const begun = specs.map(start)
  await Promise.allSettled(begun)
  return await Promise.all(begun)
}

const operatorSettings = (operator: Operator | undefined): Environment =>
  operator === undefined
    ? {}
    : { AUTH_BOOTSTRAP_OPERATOR_EMAIL: operator.email, AUTH_BOOTSTRAP_OPERATOR_PASSWORD: operator.password }
