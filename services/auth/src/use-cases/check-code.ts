import { changed, type Decision } from '@tradewind/database/decision'
import type { RecoveryCodes } from '../crypto/recovery-codes.ts'
import type { TotpCodes } from '../crypto/totp-codes.ts'
import type { Account } from '../domain/account.ts'
import type { AuditActor } from '../domain/audit.ts'
import { InvalidCode, isTotpActive, judgeCode, TooManyCodes, type Verdict } from '../domain/totp.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { Attempt, GuardSignIn, Origin } from './guard-sign-in.ts'
import type { Audit } from './record-audit.ts'

export interface ShownCode {
  readonly code: string
  readonly origin: Origin
  /** Who says that the account is his. */
  readonly actor: AuditActor
}

export interface AcceptedCode {
  readonly account: Account
  /** What the code was taken from; what becomes of it is for the caller to say. */
  readonly attempt: Pick<Attempt, 'succeeded' | 'passed'>
}

/**
 * Takes a code of the account's generator, or a recovery code, once, from the same budgets as a password. Throws
 * `InvalidCode`, `TooManyAttempts`, and `TooManyCodes` after many wrong ones.
 */
export type CheckCode = (account: Account, shown: ShownCode) => Promise<AcceptedCode>

interface Ports {
  readonly accounts: AccountRepository
  readonly guard: GuardSignIn
  readonly audit: Audit
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

export const makeCheckCode = ({ accounts, guard, audit, totpCodes, recoveryCodes, now }: Ports): CheckCode => {
  function useRecoveryCode(account: Account, code: string): Decision<Account> {
    const known = account.recoveryCodes ?? []
    const used = recoveryCodes.find(code, known)
    if (used === undefined) throw InvalidCode({}, { errors: [{ pointer: '/code', detail: 'is not good' }] })
    return changed({ ...account, recoveryCodes: known.filter((hash) => hash !== used) })
  }

  async function take(userId: string, code: string): Promise<Account> {
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

  return async ({ id: subject, email }, { code, origin, actor }) => {
    const attempt = await guard.enter(email, origin)
    try {
      const account = await take(subject, code)
      if (isRecoveryCode(code))
        await audit.record({ action: 'recovery_codes.used', actor: { kind: 'user', id: subject }, subject, origin })
      return { account, attempt }
    } catch (error) {
      if (InvalidCode.is(error) || TooManyCodes.is(error))
        await Promise.all([attempt.failed(), audit.record({ action: 'mfa.failed', actor, subject, origin })])
      throw error
    }
  }
}
