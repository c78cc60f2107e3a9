import { allEvents } from '@tradewind/contracts/events'
import { type EventHandler, on } from '@tradewind/messaging/consumer'
import type { QueueWebhooks } from '../use-cases/queue-webhooks.ts'

/**
 * Whose events endpoints may ask for, and which of them. What is said of webhooks themselves would go round in circles, and
 * who of the operators did what is for the audit log alone.
 */
export const publicEvents = [
  { from: 'orders', filter: 'orders.>' },
  { from: 'payments', filter: 'payments.>' },
  { from: 'inventory', filter: 'inventory.>' },
  { from: 'notifications', filter: 'notifications.notification.>' },
] as const

// Safe to repeat: a delivery's id follows from the event and the endpoint.
export const onPublicEvent = (queue: QueueWebhooks): EventHandler[] =>
  [...allEvents.values()]
    .filter(({ type }) => !type.includes('.operator.'))
    .filter(({ type }) => publicEvents.some(({ filter }) => type.startsWith(filter.slice(0, -1))))
    .map((contract) => on(contract, queue))
