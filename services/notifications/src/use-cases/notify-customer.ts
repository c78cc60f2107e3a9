import { NotificationFailedV1, NotificationSentV1 } from '@tradewind/contracts/notifications'
import { announcedAgain, changed } from '@tradewind/database/decision'
import { defineError } from '@tradewind/service-kit/errors'
import { fingerprint } from '@tradewind/service-kit/idempotency'
import { type Notification, queueNotification, type Template } from '../domain/notification.ts'
import { type OrderFacts, writeOrderMail } from '../domain/order-mail.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import type { DeliverNotification } from './deliver-notification.ts'

export const NoAddress = defineError('NOTIFICATIONS_NO_ADDRESS', 'not-found', 'Nobody knows an address for this order.')

export interface OrderEnding extends OrderFacts {
  readonly orderId: string
  readonly customerId: string
  /** Who knows the address: the order itself or the account. */
  readonly contact: 'order' | 'account'
}

/** Writes the one mail about an order's ending and hands it over. Throws `NoAddress`. */
export type NotifyCustomer = (template: Template, ending: OrderEnding) => Promise<void>

interface Ports {
  readonly notifications: NotificationRepository
  readonly deliver: DeliverNotification
  /** The address for mails about an order; undefined when there is none. Throws while the service that knows it is away. */
  readonly addressFor: (ending: OrderEnding) => Promise<string | undefined>
  readonly now: () => Date
}

export const notificationIdOf = (orderId: string, template: Template): string =>
  `ntf_${fingerprint(`${orderId}/${template}`).slice(0, 32)}`

export const makeNotifyCustomer =
  ({ notifications, deliver, addressFor, now }: Ports): NotifyCustomer =>
  async (template, ending) => {
    const id = notificationIdOf(ending.orderId, template)
    // Asked for every time, also when the mail turns out to be written already: a repeated event is rare.
    const to = await addressFor(ending)
    if (to === undefined) throw NoAddress({ orderId: ending.orderId })
    const { orderId } = ending
    const draft = { id, orderId, template, to, ...writeOrderMail(template, ending) }
    const notification = await notifications.upsert(id, (before) =>
      before === undefined ? changed(queueNotification(draft, now())) : announcedAgain(...outcomeEvents(before)),
    )
    if (notification !== undefined) await deliver(notification)
  }

function outcomeEvents({ status }: Notification): string[] {
  switch (status) {
    case 'sent':
      return [NotificationSentV1.type]
    case 'failed':
      return [NotificationFailedV1.type]
    case 'queued':
      return []
  }
}
