import { NotificationsPersonErasedV1 } from '@tradewind/contracts/privacy'
import { announcedAgain, changed, unchanged } from '@tradewind/database/decision'
import { forgetPerson } from '../domain/forget-person.ts'
import type { ErasedPersons } from '../store/erased-persons.ts'
import type { NotificationRepository } from '../store/notification.repository.ts'
import type { PreferencesRepository } from '../store/preferences.repository.ts'
import type { UndeliverableAddresses } from '../store/undeliverable-addresses.ts'

/** Forgets texts and addresses of a person's mails, and the preferences, and says so. Safe to repeat. */
export type ErasePerson = (userId: string) => Promise<void>

interface Ports {
  readonly notifications: NotificationRepository
  readonly preferences: PreferencesRepository
  readonly undeliverable: UndeliverableAddresses
  readonly erasedPersons: ErasedPersons
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeErasePerson =
  ({ notifications, preferences, undeliverable, erasedPersons, now, newId }: Ports): ErasePerson =>
  async (userId) => {
    for await (const { id, to } of notifications.ofCustomer(userId)) {
      if (to !== '') await undeliverable.forget(to)
      await notifications.update(id, (before) => {
        const after = forgetPerson(before)
        return after === before ? unchanged() : changed(after)
      })
    }
    await preferences.forget(userId)
    await erasedPersons.upsert(userId, (before) => {
      if (before !== undefined) return announcedAgain(NotificationsPersonErasedV1.type)
      const person = { id: userId, erasedAt: now() }
      return changed(person, NotificationsPersonErasedV1.create(newId('evt'), { userId }))
    })
  }
