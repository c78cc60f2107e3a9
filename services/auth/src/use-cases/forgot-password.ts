import { changed, unchanged } from '@tradewind/database/decision'
import { isActive } from '../domain/account-changes.ts'
import { normaliseEmail } from '../domain/email.ts'
import { isTooSoon } from '../domain/letter.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { DeferredWork } from './deferred-work.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'
import type { Audit } from './record-audit.ts'
import type { WriteLetter } from './write-letter.ts'

/** Sends a mail with a way to a new password, if there is such an account. Resolves before that is known. Throws `TooManyAttempts`. */
export type ForgotPassword = (email: string, origin: Origin) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly writeLetter: WriteLetter
  readonly deferred: DeferredWork
  readonly guard: GuardSignIn
  readonly audit: Audit
  readonly now: () => Date
}

export const makeForgotPassword =
  ({ accounts, writeLetter, deferred, guard, audit, now }: Ports): ForgotPassword =>
  async (given, origin) => {
    const email = normaliseEmail(given)
    await guard.requireMayWrite(email, origin)
    deferred.add(async () => {
      const found = await accounts.findByEmail(email)
      if (found === undefined) return
      let isWritten = false
      await accounts.update(found.id, (before) => {
        isWritten = isActive(before) && !isTooSoon(before.letters ?? [], 'reset-password', now())
        if (!isWritten) return unchanged()
        const { account, event } = writeLetter(before, 'reset-password')
        return changed(account, event)
      })
      if (isWritten)
        await audit.record({ action: 'password.reset_requested', actor: { kind: 'nobody' }, subject: found.id, origin })
    })
  }
