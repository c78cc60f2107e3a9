import { changed, unchanged } from '@tradewind/database/decision'
import { markFailedAttempt, markOutdated, markRefused, markSent, type Notification } from '../domain/notification.ts'
import type { Mailer, MailOutcome } from '../mail/mailer.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import type { UndeliverableAddresses } from '../store/undeliverable-addresses.ts'
import type { CompleteMail } from './complete-mail.ts'
import { failedEvent, sentEvent } from './notification-events.ts'

/**
 * Hands over a mail that the caller has claimed and writes down what came of it. Never throws for a mail server's refusal.
 * At least once: after a crash between the two it is handed over again, under the same Message-ID.
 */
export type DeliverNotification = (notification: Notification) => Promise<void>

interface Ports {
  readonly notifications: NotificationRepository
  readonly undeliverable: UndeliverableAddresses
  readonly mailer: Mailer
  readonly completeMail: CompleteMail
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeDeliverNotification =
  ({ notifications, undeliverable, mailer, completeMail, now, newId }: Ports): DeliverNotification =>
  async (notification) => {
    if (notification.status !== 'queued') return
    const mail = await completeMail(notification)
    if (mail === undefined) {
      await notifications.update(notification.id, (before) => {
        const after = markOutdated(before)
        return after === before ? unchanged() : changed(after)
      })
      return
    }
    const outcome = await mailer.send(mail)
    await notifications.update(notification.id, (before) => {
      const after = noted(before, outcome, now())
      if (after === before) return unchanged()
      if (after.status === 'sent') return changed(after, ...sentEvent(after, newId('evt')))
      if (after.status === 'queued') return changed(after)
      return changed(after, ...failedEvent(after, newId('evt'), 'the mail server refused it'))
    })
    if (outcome.kind === 'refused' && outcome.isAddress) await undeliverable.add(notification.to, outcome.code)
  }

function noted(before: Notification, outcome: MailOutcome, now: Date): Notification {
  switch (outcome.kind) {
    case 'taken':
      return markSent(before, now)
    case 'refused':
      return markRefused(before, outcome.code, outcome.reason, now)
    case 'failed':
      return markFailedAttempt(before, outcome.reason, now)
  }
}
