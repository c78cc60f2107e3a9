import { deliveryLeaseMs } from '../domain/webhook-delivery.ts'
import type { WebhookDeliveryRepository } from '../store/webhook-delivery.repository.ts'
import type { StoredEndpoint, WebhookEndpointRepository } from '../store/webhook-endpoint.repository.ts'
import type { WebhookLanes } from '../store/webhook-lanes.ts'
import type { AttemptDelivery } from './attempt-delivery.ts'
import type { WebhookDirectory } from './webhook-directory.ts'

export interface DeliverWebhooks {
  /** Looks at every endpoint for what is due. Any replica may run it, also at once. Does not wait for what it begins. */
  readonly sweep: () => Promise<number>
  /** Looks at one endpoint now. */
  readonly wake: (endpointId: string) => void
  /** Resolves when nothing is under way. */
  readonly idle: () => Promise<void>
  /** Begins nothing more, and waits for what is under way. */
  readonly stop: () => Promise<void>
}

interface Worker {
  /** True when it was woken since it last looked. */
  again: boolean
  woken: PromiseWithResolvers<void>
  done: Promise<void>
}

interface Ports {
  readonly directory: WebhookDirectory
  readonly endpoints: WebhookEndpointRepository
  readonly deliveries: WebhookDeliveryRepository
  readonly lanes: WebhookLanes
  readonly attempt: AttemptDelivery
  readonly onError: (error: unknown, endpointId: string) => void
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/** Attempts under way at one endpoint, per replica. An endpoint that answers slowly holds up nobody but itself. */
const maxAtOnce = 4

export const makeDeliverWebhooks = (ports: Ports): DeliverWebhooks => {
  const { directory, endpoints, deliveries, lanes, attempt, onError, now, newId } = ports
  const holder = newId('wkr')
  /** One worker per endpoint. */
  const working = new Map<string, Worker>()
  let isStopping = false

  function wake(endpointId: string): void {
    if (isStopping) return
    const worker = working.get(endpointId)
    if (worker !== undefined) {
      worker.again = true
      worker.woken.resolve()
      return
    }
    const begun: Worker = { again: false, woken: Promise.withResolvers(), done: Promise.resolve() }
    working.set(endpointId, begun)
    begun.done = work(endpointId, begun)
  }

  async function work(endpointId: string, worker: Worker): Promise<void> {
    let isDone = false
    while (!isDone) {
      worker.again = false
      try {
        const endpoint = await endpoints.find(endpointId)
        // What waits for an endpoint that was removed is given up by the retention sweeper.
        if (endpoint !== undefined && endpoint.removedAt === undefined)
          await (endpoint.ordered ? inOrder(endpoint) : atOnce(endpoint, worker))
      } catch (error) {
        // The next sweep tries again.
        onError(error, endpointId)
        break
      }
      isDone = isStopping || !worker.again
    }
    working.delete(endpointId)
  }

  /** So many at once, each followed by the next that is due, so that one slow answer takes one place and no more. */
  async function atOnce(first: StoredEndpoint, worker: Worker): Promise<void> {
    const { id } = first
    const underWay = new Map<string, Promise<void>>()
    const failures: unknown[] = []
    let endpoint = first
    for (;;) {
      worker.woken = Promise.withResolvers()
      const mayBegin = !isStopping && failures.length === 0 && underWay.size < maxAtOnce
      const found = mayBegin ? await deliveries.dueBefore(id, now(), maxAtOnce + underWay.size) : []
      const due = found.filter((delivery) => !underWay.has(delivery.id)).slice(0, maxAtOnce - underWay.size)
      for (const delivery of due) {
        const attempted = attempt(endpoint, delivery.id)
          .catch((error: unknown) => void failures.push(error))
          .finally(() => underWay.delete(delivery.id))
        underWay.set(delivery.id, attempted)
      }
      if (underWay.size === 0) break
      const isFull = underWay.size === maxAtOnce || due.length === 0
      if (isFull) await Promise.race([...underWay.values(), worker.woken.promise])
      if (mayBegin) endpoint = (await endpoints.find(id)) ?? endpoint
    }
    if (failures.length > 0) throw failures[0]
  }

  /** The first in order, when it is due. */
  async function headOf(endpointId: string): Promise<string | undefined> {
    const [head] = await deliveries.firstPending(endpointId, 1)
    return head?.dueAt === undefined || head.dueAt > now() ? undefined : head.id
  }

  /** One after the other, and none before the one ahead of it is through. */
  async function inOrder(first: StoredEndpoint): Promise<void> {
    const { id } = first
    let isMine = false
    let endpoint: StoredEndpoint | undefined = first
    try {
      while (!isStopping && endpoint !== undefined) {
        // Looked at before the lane is taken, too, so that an endpoint at rest costs no write.
        if ((await headOf(id)) === undefined) return
        const at = now()
        if (!(await lanes.take(id, holder, at, new Date(at.getTime() + deliveryLeaseMs)))) return
        isMine = true
        const head = await headOf(id)
        if (head === undefined) return
        await attempt(endpoint, head)
        endpoint = await endpoints.find(id)
      }
    } finally {
      if (isMine) await lanes.release(id, holder)
    }
  }

  const idle = async () => {
    while (working.size > 0) await Promise.all([...working.values()].map(({ done }) => done))
  }
  return {
    sweep: async () => {
      const known = await directory.list()
      for (const { id } of known) wake(id)
      return known.length
    },
    wake,
    idle,
    stop: async () => {
      isStopping = true
      await idle()
    },
  }
}
