import { changed, unchanged } from '@tradewind/database/decision'
import type { RecoveryCodes } from '../crypto/recovery-codes.ts'
import type { TotpCodes } from '../crypto/totp-codes.ts'
import { enrolTotp, isTotpActive, judgeCode, TotpActive, TotpMissing, type Verdict } from '../domain/totp.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import { requireAccepted } from './check-code.ts'
import type { NoteAuthentication } from './note-authentication.ts'
import type { ReadAccount } from './read-account.ts'
import type { WriteLetter } from './write-letter.ts'

interface Ports {
  readonly accounts: AccountRepository
  readonly totpCodes: TotpCodes
  readonly recoveryCodes: RecoveryCodes
  readonly readAccount: ReadAccount
  readonly noteAuthentication: NoteAuthentication
  readonly writeLetter: WriteLetter
  readonly now: () => Date
}

/** Makes a secret in place of one that was never verified. Throws `TotpActive`. */
export type EnrolTotp = (userId: string) => Promise<{ secret: string; uri: string }>

export const makeEnrolTotp =
  ({ accounts, totpCodes, readAccount }: Ports): EnrolTotp =>
  async (userId) => {
    const { email } = await readAccount(userId)
    const { sealed, secret, uri } = totpCodes.create(userId, email)
    await accounts.update(userId, (before) => {
      if (isTotpActive(before.totp)) throw TotpActive({ userId })
      return changed({ ...before, totp: enrolTotp(sealed) })
    })
    return { secret, uri }
  }

export interface FirstCode {
  readonly userId: string
  readonly sessionId: string
  readonly code: string
}

/** Makes the enrolled secret count, with new recovery codes. Throws `TotpMissing`, `TotpActive`, `InvalidCode`, `TooManyCodes`. */
export type ActivateTotp = (first: FirstCode) => Promise<readonly string[]>

export const makeActivateTotp =
  ({ accounts, totpCodes, recoveryCodes, noteAuthentication, writeLetter, now }: Ports): ActivateTotp =>
  async ({ userId, sessionId, code }) => {
    const { codes, hashes } = recoveryCodes.create()
    const verdicts: Verdict[] = []
    await accounts.update(userId, (before) => {
      const { totp } = before
      if (totp === undefined) throw TotpMissing({ userId })
      if (isTotpActive(totp)) throw TotpActive({ userId })
      const verdict = judgeCode(totp, totpCodes.stepsOf(userId, totp.sealedSecret, code, now()), now())
      verdicts.push(verdict)
      if (verdict.kind === 'paused') return unchanged()
      if (verdict.kind === 'refused') return changed({ ...before, totp: verdict.totp })
      const news = writeLetter({ ...before, totp: verdict.totp, recoveryCodes: hashes }, 'second-factor-changed')
      return changed(news.account, news.event)
    })
    const last = verdicts.at(-1)
    if (last === undefined) throw TotpMissing({ userId })
    requireAccepted(last, now())
    await noteAuthentication(sessionId, ['pwd', 'otp', 'mfa'])
    return codes
  }

/** Removes generator and recovery codes. Repeating it changes nothing. */
export type RemoveTotp = (userId: string) => Promise<void>

export const makeRemoveTotp =
  ({ accounts, writeLetter }: Ports): RemoveTotp =>
  async (userId) => {
    await accounts.update(userId, (before) => {
      if (before.totp === undefined) return unchanged()
      const { totp: _totp, recoveryCodes: _codes, ...rest } = before
      const news = writeLetter(rest, 'second-factor-changed')
      return changed(news.account, news.event)
    })
  }

/** New codes in place of all old ones. Throws `TotpMissing`. */
export type NewRecoveryCodes = (userId: string) => Promise<readonly string[]>

export const makeNewRecoveryCodes =
  ({ accounts, recoveryCodes, writeLetter }: Ports): NewRecoveryCodes =>
  async (userId) => {
    const { codes, hashes } = recoveryCodes.create()
    await accounts.update(userId, (before) => {
      if (!isTotpActive(before.totp)) throw TotpMissing({ userId })
      const news = writeLetter({ ...before, recoveryCodes: hashes }, 'second-factor-changed')
      return changed(news.account, news.event)
    })
    return codes
  }
