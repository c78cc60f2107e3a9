import { announcedAgain, changed } from '@tradewind/database/decision'
import { fingerprint } from '@tradewind/service-kit/idempotency'
import { queueNotification, type Template, unaddressedNotification } from '../domain/notification.ts'
import { type OrderFacts, writeOrderMail } from '../domain/order-mail.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import type { DeliverNotification } from './deliver-notification.ts'
import { failedEvent, outcomeEvents } from './notification-events.ts'

export interface OrderEnding extends OrderFacts {
  readonly orderId: string
  readonly customerId: string
  /** Who knows the address: the order itself or the account. */
  readonly contact: 'order' | 'account'
}

/** Writes the one mail about an order's ending and hands it over. Without an address it is kept as failed. */
export type NotifyCustomer = (template: Template, ending: OrderEnding) => Promise<void>

interface Ports {
  readonly notifications: NotificationRepository
  readonly deliver: DeliverNotification
  /** The address for mails about an order; undefined when there is none. Throws while the service that knows it is away. */
  readonly addressFor: (ending: OrderEnding) => Promise<string | undefined>
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const notificationIdOf = (orderId: string, template: Template): string =>
  `ntf_${fingerprint(`${orderId}/${template}`).slice(0, 32)}`

export const makeNotifyCustomer =
  ({ notifications, deliver, addressFor, now, newId }: Ports): NotifyCustomer =>
  async (template, ending) => {
    const id = notificationIdOf(ending.orderId, template)
    // Asked for every time, also when the mail turns out to be written already: a repeated event is rare.
    const to = await addressFor(ending)
    const draft = { id, orderId: ending.orderId, template, ...writeOrderMail(template, ending) }
    const notification = await notifications.upsert(id, (before) => {
      if (before !== undefined) return announcedAgain(...outcomeEvents(before))
      if (to !== undefined) return changed(queueNotification({ ...draft, to }, now()))
      const unaddressed = unaddressedNotification(draft)
      return changed(unaddressed, failedEvent(unaddressed, newId('evt'), 'nobody knows an address'))
    })
    if (notification !== undefined) await deliver(notification)
  }
