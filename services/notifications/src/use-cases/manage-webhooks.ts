import { maxWebhookEndpoints } from '@tradewind/contracts/webhooks'
import { changed } from '@tradewind/database/decision'
import type { WebhookSecrets } from '../crypto/webhook-secrets.ts'
import {
  changeEndpoint,
  createEndpoint,
  type EndpointFields,
  removeEndpoint,
  requireRevision,
  rotateSecret,
  TooManyWebhooks,
  type WebhookEndpoint,
  WebhookNotFound,
  WebhookUrlRefused,
} from '../domain/webhook-endpoint.ts'
import type { StoredEndpoint, WebhookEndpointRepository } from '../store/webhook-endpoint.repository.ts'
import type { WebhookSender } from '../webhooks/webhook-sender.ts'
import type { WebhookDirectory } from './webhook-directory.ts'

export interface ManageWebhooks {
  /** Throws `WebhookUrlRefused`, `TooManyWebhooks`. The secret is told here and never again. */
  readonly create: (fields: EndpointFields) => Promise<{ endpoint: StoredEndpoint; secret: string }>
  /** Throws `WebhookNotFound`, `WebhookChanged` for another revision than the expected one, `WebhookUrlRefused`. */
  readonly change: (
    id: string,
    change: Partial<EndpointFields>,
    expected: number | undefined,
  ) => Promise<StoredEndpoint>
  readonly remove: (id: string, expected: number | undefined) => Promise<void>
  readonly rotate: (id: string, overlapHours: number) => Promise<{ secret: string; previousExpiresAt: Date }>
  readonly find: (id: string) => Promise<StoredEndpoint>
}

interface Ports {
  readonly endpoints: WebhookEndpointRepository
  readonly directory: WebhookDirectory
  readonly secrets: WebhookSecrets
  readonly sender: Pick<WebhookSender, 'refusal'>
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

const hourMs = 3600 * 1000

export const makeManageWebhooks = ({ endpoints, directory, secrets, sender, now, newId }: Ports): ManageWebhooks => {
  function requireUrl(url: string | undefined): void {
    const refusal = url === undefined ? undefined : sender.refusal(url)
    if (refusal !== undefined) throw WebhookUrlRefused({ url }, { errors: [{ pointer: '/url', detail: refusal }] })
  }

  async function update(id: string, decide: (before: StoredEndpoint) => WebhookEndpoint): Promise<StoredEndpoint> {
    const saved = await endpoints.upsert(id, (before) => changed(decide(requireRevision(before))))
    directory.forget()
    if (saved === undefined) throw WebhookNotFound({ id })
    return saved
  }

  return {
    create: async (fields) => {
      requireUrl(fields.url)
      const id = newId('whe')
      const { secret, sealed } = secrets.create(id)
      for (;;) {
        const taken = new Set((await endpoints.live()).map(({ slot }) => slot))
        let slot = 1
        while (taken.has(slot)) slot += 1
        if (slot > maxWebhookEndpoints) throw TooManyWebhooks()
        // Somebody may take the place meanwhile; then there is another one or none.
        const endpoint = await endpoints.insertUnlessTaken(createEndpoint(id, fields, sealed, slot))
        if (endpoint === undefined) continue
        directory.forget()
        return { endpoint, secret }
      }
    },
    change: async (id, change, expected) => {
      requireUrl(change.url)
      return await update(id, (before) => changeEndpoint(requireRevision(before, expected), change))
    },
    remove: async (id, expected) => {
      await update(id, (before) => removeEndpoint(requireRevision(before, expected), now()))
    },
    rotate: async (id, overlapHours) => {
      const { secret, sealed } = secrets.create(id)
      const at = now()
      const previousExpiresAt = new Date(at.getTime() + overlapHours * hourMs)
      await update(id, (before) => rotateSecret(before, sealed, previousExpiresAt, at))
      return { secret, previousExpiresAt }
    },
    find: async (id) => requireRevision(await endpoints.find(id)),
  }
}
