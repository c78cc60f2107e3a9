import { NotificationNotFound } from '../domain/notification.ts'
import type { NotificationRepository, StoredNotification } from '../store/notification.repository.ts'

/** Throws `NotificationNotFound`. */
export type FindNotification = (id: string) => Promise<StoredNotification>

export const makeFindNotification =
  (notifications: NotificationRepository): FindNotification =>
  async (id) => {
    const found = await notifications.find(id)
    if (found === undefined) throw NotificationNotFound({ id })
    return found
  }
