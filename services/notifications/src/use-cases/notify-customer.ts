import { announcedAgain, changed } from '@tradewind/database/decision'
import { fingerprint } from '@tradewind/service-kit/idempotency'
import { type Category, categoryOf, type Locale, type Template } from '../domain/mail-template.ts'
import type { MailFacts } from '../domain/mail-view.ts'
import {
  queueNotification,
  type SuppressedBecause,
  suppressedNotification,
  unaddressedNotification,
} from '../domain/notification.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import type { PreferencesRepository } from '../store/preferences.repository.ts'
import type { UndeliverableAddresses } from '../store/undeliverable-addresses.ts'
import type { DeliverNotification } from './deliver-notification.ts'
import { failedEvent, outcomeEvents, suppressedEvent } from './notification-events.ts'
import type { WriteMail } from './write-mail.ts'

export interface Occasion {
  readonly orderId: string
  readonly customerId: string
  /** Who knows the address; the order, and then the account, where the event does not say. */
  readonly contact?: 'order' | 'account'
  /** The parcel, the return or the event itself, where an order can have several of a kind. */
  readonly about?: string
  readonly facts: MailFacts
}

/** Writes the one mail about an occasion and hands it over, unless it is not wanted. Without an address it is kept as failed. */
export type NotifyCustomer = (template: Template, occasion: Occasion) => Promise<void>

export type Addressee = Pick<Occasion, 'orderId' | 'customerId' | 'contact'>

interface Ports {
  readonly notifications: NotificationRepository
  readonly preferences: PreferencesRepository
  readonly undeliverable: UndeliverableAddresses
  readonly deliver: DeliverNotification
  readonly writeMail: WriteMail
  /** The address for mails about an order; undefined when there is none. Throws while the service that knows it is away. */
  readonly addressFor: (addressee: Addressee) => Promise<string | undefined>
  readonly defaultLocale: Locale
  readonly leaseMs: number
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const notificationIdOf = (orderId: string, template: Template, about?: string): string =>
  `ntf_${fingerprint([orderId, template, ...(about === undefined ? [] : [about])].join('/')).slice(0, 32)}`

export const makeNotifyCustomer = (ports: Ports): NotifyCustomer => {
  const { notifications, preferences, undeliverable, deliver, writeMail, addressFor, now, newId } = ports

  /** Events about parcels name articles by SKU; the confirmation had their titles. */
  async function withTitles({ orderId, facts }: Occasion): Promise<MailFacts> {
    if (facts.lines === undefined || facts.lines.every(({ title }) => title !== undefined)) return facts
    const confirmation = await notifications.find(notificationIdOf(orderId, 'order-confirmed'))
    const titles = new Map(confirmation?.facts?.lines?.map(({ sku, title }) => [sku, title]))
    const lines = facts.lines.map((line) => {
      const title = line.title ?? titles.get(line.sku)
      return title === undefined ? line : { ...line, title }
    })
    return { ...facts, lines }
  }

  async function suppression(
    category: Category | undefined,
    optOuts: readonly Category[],
    to: string | undefined,
  ): Promise<SuppressedBecause | undefined> {
    if (category === undefined) return undefined
    if (optOuts.includes(category)) return 'opted_out'
    return to !== undefined && (await undeliverable.has(to)) ? 'undeliverable_address' : undefined
  }

  return async (template, occasion) => {
    const { orderId, customerId, contact, about } = occasion
    const id = notificationIdOf(orderId, template, about)
    // Asked for every time, also when the mail turns out to be written already: a repeated event is rare.
    const [to, wishes, facts] = await Promise.all([
      addressFor(occasion),
      preferences.find(customerId),
      withTitles(occasion),
    ])
    const because = await suppression(categoryOf(template), wishes?.optOuts ?? [], to)
    const locale = wishes?.locale ?? ports.defaultLocale
    const draft = {
      id,
      orderId,
      customerId,
      template,
      facts,
      ...(contact !== undefined && { contact }),
      ...(about !== undefined && { about }),
      ...(await writeMail({ template, locale, customerId, facts })),
    }
    let isMine = false
    const notification = await notifications.upsert(id, (before) => {
      isMine = before === undefined
      if (before !== undefined) return announcedAgain(...outcomeEvents(before))
      if (because !== undefined) {
        const suppressed = suppressedNotification({ ...draft, to: to ?? '' }, because)
        return changed(suppressed, ...suppressedEvent(suppressed, newId('evt'), because))
      }
      if (to !== undefined) return changed(queueNotification({ ...draft, to }, ports.leaseMs, now()))
      const unaddressed = unaddressedNotification(draft)
      return changed(unaddressed, ...failedEvent(unaddressed, newId('evt'), 'nobody knows an address'))
    })
    // Whoever wrote it hands it over; when that fails, the sweeper does.
    if (isMine && notification !== undefined) await deliver(notification)
  }
}
