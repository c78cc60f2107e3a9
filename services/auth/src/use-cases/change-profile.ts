import { UserUpdatedV1 } from '@tradewind/contracts/auth-accounts'
import { changed, unchanged } from '@tradewind/database/decision'
import type { Account } from '../domain/account.ts'
import { changeProfile, type Profile } from '../domain/account-changes.ts'
import type { AccountRepository } from '../store/account.repository.ts'

export type ChangeProfile = (userId: string, profile: Profile) => Promise<Account>

interface Ports {
  readonly accounts: AccountRepository
  readonly newId: (prefix: string) => string
}

export const makeChangeProfile =
  ({ accounts, newId }: Ports): ChangeProfile =>
  (userId, profile) =>
    accounts.update(userId, (before) => {
      const after = changeProfile(before, profile)
      return after === before ? unchanged() : changed(after, UserUpdatedV1.create(newId('evt'), { userId }))
    })
