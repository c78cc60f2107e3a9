import type { NotificationRepository } from '../store/notification.repository.ts'
import type { DeliverNotification } from './deliver-notification.ts'

/** Tries mails again whose time has come. Returns how many there were. */
export type SweepNotifications = () => Promise<number>

interface Ports {
  readonly notifications: NotificationRepository
  readonly deliver: DeliverNotification
  readonly now: () => Date
}

const batch = 50
/** A mail this young is still on its ordinary way. */
const graceMs = 10_000

export const makeSweepNotifications =
  ({ notifications, deliver, now }: Ports): SweepNotifications =>
  async () => {
    const due = await notifications.dueBefore(new Date(now().getTime() - graceMs), batch)
    await Promise.all(due.map(deliver))
    return due.length
  }
