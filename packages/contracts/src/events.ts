import * as auth from './auth.ts'
import * as authAccounts from './auth-accounts.ts'
import * as catalogue from './catalogue.ts'
import type { EventContract } from './event.ts'
import * as fulfilment from './fulfilment.ts'
import * as inventory from './inventory.ts'
import * as notifications from './notifications.ts'
import * as operatorActions from './operator-actions.ts'
import * as orders from './orders.ts'
import * as payments from './payments.ts'
import * as privacy from './privacy.ts'
import * as revocation from './revocation.ts'
import * as webhooks from './webhooks.ts'

const isEvent = (value: unknown): value is EventContract =>
  typeof value === 'object' && value !== null && 'create' in value && 'faults' in value

/** Every published event, by type. */
export const allEvents: ReadonlyMap<string, EventContract> = new Map(
  [
    auth,
    authAccounts,
    revocation,
    privacy,
    catalogue,
    inventory,
    orders,
    fulfilment,
    payments,
    notifications,
    webhooks,
    operatorActions,
  ]
    .flatMap((module) => Object.values(module).filter(isEvent))
    .map((event) => [event.type, event]),
)
