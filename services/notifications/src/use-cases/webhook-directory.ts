import type { StoredEndpoint, WebhookEndpointRepository } from '../store/webhook-endpoint.repository.ts'

/** The endpoints as they were a moment ago, so that events that nobody wants cost no query. */
export interface WebhookDirectory {
  readonly list: () => Promise<readonly StoredEndpoint[]>
  /** Has the next question answered by the database: something changed here. */
  readonly forget: () => void
}

/** An endpoint made on another replica is known here after so long at the latest. */
export const staleAfterMs = 2000

interface Ports {
  readonly endpoints: WebhookEndpointRepository
  readonly now: () => Date
}

export function makeWebhookDirectory({ endpoints, now }: Ports): WebhookDirectory {
  let known: { readonly at: number; readonly endpoints: Promise<readonly StoredEndpoint[]> } | undefined
  return {
    list: () => {
      const at = now().getTime()
      // A clock that was set back must not keep an old answer alive.
      if (known === undefined || Math.abs(at - known.at) >= staleAfterMs) {
        const asked = { at, endpoints: endpoints.live() }
        known = asked
        asked.endpoints.catch(() => {
          if (known === asked) known = undefined
        })
      }
      return known.endpoints
    },
    forget: () => {
      known = undefined
    },
  }
}
