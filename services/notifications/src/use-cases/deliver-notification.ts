import { changed, unchanged } from '@tradewind/database/decision'
import { markFailedAttempt, markSent, type Notification } from '../domain/notification.ts'
import type { Mailer } from '../mail/mailer.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import { failedEvent, sentEvent } from './notification-events.ts'

/** Tries to hand a queued mail over and writes down what came of it. Never throws for a mail server's refusal. */
export type DeliverNotification = (notification: Notification) => Promise<void>

interface Ports {
  readonly notifications: NotificationRepository
  readonly mailer: Mailer
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeDeliverNotification =
  ({ notifications, mailer, now, newId }: Ports): DeliverNotification =>
  async (notification) => {
    if (notification.status !== 'queued') return
    const failure = await mailer.send(notification).then(
      () => undefined,
      (error: unknown) => (error instanceof Error ? error.message : String(error)),
    )
    await notifications.update(notification.id, (before) => {
      const after = failure === undefined ? markSent(before, now()) : markFailedAttempt(before, failure, now())
      if (after === before) return unchanged()
      if (after.status === 'sent') return changed(after, sentEvent(after, newId('evt')))
      if (after.status === 'queued') return changed(after)
      return changed(after, failedEvent(after, newId('evt'), 'the mail server refused it'))
    })
  }
