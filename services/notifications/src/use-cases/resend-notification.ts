import { changed, unchanged } from '@tradewind/database/decision'
import { fingerprint, IdempotencyKeyReused } from '@tradewind/service-kit/idempotency'
import { categoryOf } from '../domain/mail-template.ts'
import {
  AccountMailStays,
  NotificationNotFound,
  NotificationUnwanted,
  queueNotification,
} from '../domain/notification.ts'
import type { NotificationRepository, StoredNotification } from '../store/notification.repository.ts'
import type { PreferencesRepository } from '../store/preferences.repository.ts'
import type { DeliverNotification } from './deliver-notification.ts'
import type { Addressee } from './notify-customer.ts'

export interface Resend {
  readonly id: string
  readonly userId: string
  readonly idempotencyKey: string
}

/** Sends a mail again as a new one. Throws `NotificationNotFound`, `NotificationUnwanted`, `IdempotencyKeyReused`. */
export type ResendNotification = (
  resend: Resend,
) => Promise<{ readonly notification: StoredNotification; readonly replayed: boolean }>

interface Ports {
  readonly notifications: NotificationRepository
  readonly preferences: PreferencesRepository
  readonly deliver: DeliverNotification
  readonly addressFor: (addressee: Addressee) => Promise<string | undefined>
  readonly leaseMs: number
  readonly now: () => Date
}

export const makeResendNotification =
  ({ notifications, preferences, deliver, addressFor, leaseMs, now }: Ports): ResendNotification =>
  async ({ id: resendOf, userId, idempotencyKey }) => {
    const first = await notifications.find(resendOf)
    if (first === undefined) throw NotificationNotFound({ id: resendOf })
    const { orderId } = first
    if (orderId === undefined) throw AccountMailStays({ id: resendOf })
    const { customerId, contact, template, subject, text, html, locale, templateVersion, about } = first
    const category = categoryOf(template)
    const wishes = customerId === undefined ? undefined : await preferences.find(customerId)
    if (category !== undefined && wishes?.optOuts.includes(category) === true)
      throw NotificationUnwanted({ id: resendOf })
    // A mail from before customers were kept with it goes where it went.
    const address =
      customerId === undefined
        ? undefined
        : await addressFor({ orderId, customerId, ...(contact !== undefined && { contact }) })
    // The record is the key: the same request finds the mail that it made.
    const id = `ntf_${fingerprint(`resend\n${userId}\n${idempotencyKey}`).slice(0, 32)}`
    const draft = {
      id,
      orderId,
      template,
      to: address ?? first.to,
      subject,
      text,
      resendOf,
      ...(html !== undefined && { html }),
      ...(locale !== undefined && { locale }),
      ...(templateVersion !== undefined && { templateVersion }),
      ...(about !== undefined && { about }),
      ...(customerId !== undefined && { customerId }),
      ...(contact !== undefined && { contact }),
      ...(first.facts !== undefined && { facts: first.facts }),
      ...(first.unsubscribeUrl !== undefined && { unsubscribeUrl: first.unsubscribeUrl }),
    }
    let isMine = false
    const saved = await notifications.upsert(id, (before) => {
      isMine = before === undefined
      return isMine ? changed(queueNotification(draft, leaseMs, now())) : unchanged()
    })
    if (saved?.resendOf !== resendOf) throw IdempotencyKeyReused({ id })
    if (isMine) await deliver(saved)
    return { notification: (await notifications.find(id)) ?? saved, replayed: !isMine }
  }
