import { changed, unchanged } from '@tradewind/database/decision'
import { markBounced, NotificationNotFound } from '../domain/notification.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import type { UndeliverableAddresses } from '../store/undeliverable-addresses.ts'
import { failedEvent } from './notification-events.ts'

/** Notes that a mail came back for good. Repeating it changes nothing. Throws `NotificationNotFound`. */
export type RecordBounce = (notificationId: string, code: string) => Promise<void>

interface Ports {
  readonly notifications: NotificationRepository
  readonly undeliverable: UndeliverableAddresses
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeRecordBounce =
  ({ notifications, undeliverable, now, newId }: Ports): RecordBounce =>
  async (id, code) => {
    let isNews = false
    const saved = await notifications.upsert(id, (before) => {
      if (before === undefined) throw NotificationNotFound({ id })
      const after = markBounced(before, code, now())
      isNews = after !== before
      return isNews ? changed(after, ...failedEvent(after, newId('evt'), 'it came back')) : unchanged()
    })
    // A report that comes again, after a crash between the two writes, makes up for the second while the first is fresh.
    const isRepair = saved?.bounce !== undefined && !isNews && !(await undeliverable.has(saved.to))
    if (saved !== undefined && (isNews || isRepair)) await undeliverable.add(saved.to, code)
  }
