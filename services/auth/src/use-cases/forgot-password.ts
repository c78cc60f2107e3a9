import { changed, unchanged } from '@tradewind/database/decision'
import { isActive } from '../domain/account-changes.ts'
import { normaliseEmail } from '../domain/email.ts'
import { isTooSoon } from '../domain/letter.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { DeferredWork } from './deferred-work.ts'
import type { WriteLetter } from './write-letter.ts'

/** Sends a mail with a way to a new password, if there is such an account. Returns before that is known. */
export type ForgotPassword = (email: string) => void

interface Ports {
  readonly accounts: AccountRepository
  readonly writeLetter: WriteLetter
  readonly deferred: DeferredWork
  readonly now: () => Date
}

export const makeForgotPassword =
  ({ accounts, writeLetter, deferred, now }: Ports): ForgotPassword =>
  (email) =>
    deferred.add(async () => {
      const found = await accounts.findByEmail(normaliseEmail(email))
      if (found === undefined) return
      await accounts.update(found.id, (before) => {
        if (!isActive(before) || isTooSoon(before.letters ?? [], 'reset-password', now())) return unchanged()
        const { account, event } = writeLetter(before, 'reset-password')
        return changed(account, event)
      })
    })
