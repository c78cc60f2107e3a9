import type { PersonData } from '@tradewind/contracts/privacy'
import type { NotificationRepository } from '../store/notification.repository.ts'
import type { PreferencesRepository } from '../store/preferences.repository.ts'

/** What there is of a person, a few mails at a time, so that an answer stays below a message's limit; preferences first. */
export type ReadPerson = (userId: string, after: string | undefined) => Promise<PersonData>

interface Ports {
  readonly notifications: NotificationRepository
  readonly preferences: PreferencesRepository
}

const mailsAtOnce = 5

export const makeReadPerson =
  ({ notifications, preferences }: Ports): ReadPerson =>
  async (userId, after) => {
    const found = await notifications.pageOfCustomer(userId, after ?? '', mailsAtOnce + 1)
    const page = found.slice(0, mailsAtOnce)
    const wishes = after === undefined ? await preferences.find(userId) : undefined
    const items = [
      ...(wishes === undefined ? [] : [{ kind: 'preferences', data: { ...wishes } }]),
      ...page.map((mail) => ({ kind: 'mail', data: { ...mail } })),
    ]
    return { items, next: found.length > mailsAtOnce ? (page.at(-1)?.id ?? null) : null }
  }
