import type { LetterTokens } from '../crypto/letter-tokens.ts'
import type { Account } from '../domain/account.ts'
import { isActive } from '../domain/account-changes.ts'
import { findLetter, InvalidMailToken, type Letter, type LetterKind } from '../domain/letter.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'

export interface ShownToken {
  readonly account: Account
  /** The letter that the token is of, as the account has it when it is decided. Throws `InvalidMailToken` when it was used meanwhile. */
  readonly letterOf: (account: Account) => Letter
}

/** Finds whose token it is. Throws `InvalidMailToken`, and `TooManyAttempts` where many from one network were wrong. */
export type OpenLetter = (token: string, kind: LetterKind, origin: Origin) => Promise<ShownToken>

interface Ports {
  readonly accounts: AccountRepository
  readonly letterTokens: LetterTokens
  readonly guard: GuardSignIn
  readonly now: () => Date
}

export const makeOpenLetter =
  ({ accounts, letterTokens, guard, now }: Ports): OpenLetter =>
  (token, kind, origin) =>
    guard.trySecret(origin, InvalidMailToken.is, async () => {
      const shown = letterTokens.parse(token)
      const account = shown && (await accounts.find(shown.userId))
      if (shown === undefined || account === undefined) throw refused()
      const letterOf = (current: Account): Letter => {
        const letter = findLetter(current.letters ?? [], shown.letterId, now())
        if (letter?.kind !== kind || !letterTokens.proves(shown, letter) || !isActive(current)) throw refused()
        return letter
      }
      letterOf(account)
      return { account, letterOf }
    })

const refused = () =>
  InvalidMailToken({}, { errors: [{ pointer: '/token', detail: 'is not the token of a link that is good' }] })
