import { UserUpdatedV1 } from '@tradewind/contracts/auth-accounts'
import { changed, unchanged } from '@tradewind/database/decision'
import { deactivate } from '../domain/account-changes.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import { requirePassword } from './change-password.ts'
import type { Origin } from './guard-sign-in.ts'
import type { ReadAccount } from './read-account.ts'
import type { RevokeSessions } from './revoke-sessions.ts'
import type { PasswordPorts } from './show-password.ts'

/** Closes an account for good. Throws `WrongPassword`, `TooManyAttempts`, `AdminStays`. */
export type DeactivateAccount = (userId: string, password: string, origin: Origin) => Promise<void>

interface Ports extends PasswordPorts {
  readonly accounts: AccountRepository
  readonly readAccount: ReadAccount
  readonly revokeSessions: RevokeSessions
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeDeactivateAccount =
  (ports: Ports): DeactivateAccount =>
  async (userId, password, origin) => {
    const { accounts, readAccount, revokeSessions, now, newId } = ports
    const account = await readAccount(userId)
    await requirePassword(ports, account, { password, pointer: '/password', origin })
    await accounts.update(userId, (before) => {
      const after = deactivate(before, now())
      return after === before ? unchanged() : changed(after, UserUpdatedV1.create(newId('evt'), { userId }))
    })
    await revokeSessions(userId, 'logout')
  }
