import { changed, type Decision } from '@tradewind/database/decision'
import type { RecoveryCodes } from '../crypto/recovery-codes.ts'
import type { TotpCodes } from '../crypto/totp-codes.ts'
import type { Account } from '../domain/account.ts'
import { InvalidCode, isTotpActive, judgeCode, TooManyCodes, type Verdict } from '../domain/totp.ts'
import type { AccountRepository } from '../store/account.repository.ts'

/**
 * Takes a code of the account's generator, or a recovery code, once. Throws `InvalidCode`, and `TooManyCodes` after many
 * wrong ones.
 */
export type CheckCode = (userId: string, code: string) => Promise<Account>

interface Ports {
  readonly accounts: AccountRepository
  readonly totpCodes: TotpCodes
  readonly recoveryCodes: RecoveryCodes
  readonly now: () => Date
}

const isRecoveryCode = (code: string): boolean => code.includes('-')

/** What a verdict means for who shows the code. Throws `InvalidCode`, `TooManyCodes`. */
export function requireAccepted(verdict: Verdict, now: Date): void {
  if (verdict.kind === 'paused')
    throw TooManyCodes({ retryAfterSeconds: Math.ceil((verdict.until.getTime() - now.getTime()) / 1000) })
  if (verdict.kind === 'refused') throw InvalidCode({}, { errors: [{ pointer: '/code', detail: 'is not good' }] })
}

export const makeCheckCode = ({ accounts, totpCodes, recoveryCodes, now }: Ports): CheckCode => {
  function useRecoveryCode(account: Account, code: string): Decision<Account> {
    const known = account.recoveryCodes ?? []
    const used = recoveryCodes.find(code, known)
    if (used === undefined) throw InvalidCode({}, { errors: [{ pointer: '/code', detail: 'is not good' }] })
    return changed({ ...account, recoveryCodes: known.filter((hash) => hash !== used) })
  }

  return async (userId, code) => {
    if (isRecoveryCode(code)) return await accounts.update(userId, (before) => useRecoveryCode(before, code))
    const verdicts: Verdict[] = []
    const account = await accounts.update(userId, (before) => {
      const { totp } = before
      if (!isTotpActive(totp)) throw InvalidCode()
      const verdict = judgeCode(totp, totpCodes.stepsOf(userId, totp.sealedSecret, code, now()), now())
      verdicts.push(verdict)
      if (verdict.kind === 'paused') requireAccepted(verdict, now())
      // A wrong code is written down before it is refused, so that many at once count as many.
      return verdict.kind === 'paused' ? changed(before) : changed({ ...before, totp: verdict.totp })
    })
    const last = verdicts.at(-1)
    if (last === undefined) throw InvalidCode()
    requireAccepted(last, now())
    return account
  }
}
