import { changed, unchanged } from '@tradewind/database/decision'
import { claimNotification } from '../domain/notification.ts'
import type { NotificationRepository, StoredNotification } from '../store/notification.repository.ts'
import type { DeliverNotification } from './deliver-notification.ts'

/** Tries mails again whose time has come, and those that a crash left behind. Any replica may run it, also at once. Returns how many there were. */
export type SweepNotifications = () => Promise<number>

interface Ports {
  readonly notifications: NotificationRepository
  readonly deliver: DeliverNotification
  readonly leaseMs: number
  readonly now: () => Date
}

const batch = 50

export const makeSweepNotifications = ({ notifications, deliver, leaseMs, now }: Ports): SweepNotifications => {
  async function claim(id: string): Promise<StoredNotification | undefined> {
    let isMine = false
    const saved = await notifications.update(id, (before) => {
      const after = claimNotification(before, leaseMs, now())
      isMine = after !== before
      return isMine ? changed(after) : unchanged()
    })
    return isMine ? saved : undefined
  }

  return async () => {
    const due = await notifications.dueBefore(now(), batch)
    await Promise.all(
      due.map(async ({ id }) => {
        const mine = await claim(id)
        if (mine !== undefined) await deliver(mine)
      }),
    )
    return due.length
  }
}
