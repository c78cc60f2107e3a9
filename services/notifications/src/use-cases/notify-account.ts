import { changed, unchanged } from '@tradewind/database/decision'
import { fingerprint } from '@tradewind/service-kit/idempotency'
import type { Locale } from '../domain/mail-template.ts'
import { queueNotification, type Template } from '../domain/notification.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import type { PreferencesRepository } from '../store/preferences.repository.ts'
import type { AskAccountMail } from './complete-mail.ts'
import type { DeliverNotification } from './deliver-notification.ts'
import type { WriteMail } from './write-mail.ts'

export interface AccountOccasion {
  readonly userId: string
  readonly mailId: string
}

/** Writes the one mail that an account asked for and hands it over. What is kept of it opens nothing. */
export type NotifyAccount = (template: Template, occasion: AccountOccasion) => Promise<void>

interface Ports {
  readonly notifications: NotificationRepository
  readonly preferences: PreferencesRepository
  readonly askAccountMail: AskAccountMail
  readonly deliver: DeliverNotification
  readonly writeMail: WriteMail
  readonly defaultLocale: Locale
  readonly leaseMs: number
  readonly now: () => Date
}

/** Stands in a kept mail where the link was. */
export const withheldLink = '[link]'

export const makeNotifyAccount = (ports: Ports): NotifyAccount => {
  const { notifications, preferences, askAccountMail, deliver, writeMail, defaultLocale, leaseMs, now } = ports
  return async (template, accountMail) => {
    const { userId, mailId } = accountMail
    const { mail } = await askAccountMail(accountMail)
    // Used, replaced or expired before it was written: nobody waits for it.
    if (mail === null) return
    const id = `ntf_${fingerprint(`account\n${mailId}`).slice(0, 32)}`
    const wishes = await preferences.find(userId)
    const locale = wishes?.locale ?? mail.locale ?? defaultLocale
    const facts = { name: mail.name, ...(mail.link !== undefined && { link: withheldLink }) }
    const words = await writeMail({ template, locale, customerId: userId, facts })
    const draft = { id, accountMail, customerId: userId, template, to: mail.to, facts, ...words }
    let isMine = false
    const notification = await notifications.upsert(id, (before) => {
      isMine = before === undefined
      return isMine ? changed(queueNotification(draft, leaseMs, now())) : unchanged()
    })
    // Whoever wrote it hands it over; when that fails, the sweeper does.
    if (isMine && notification !== undefined) await deliver(notification)
  }
}
