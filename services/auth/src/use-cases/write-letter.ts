import { MailRequestedV1 } from '@tradewind/contracts/auth-accounts'
import type { DomainEvent } from '@tradewind/contracts/event'
import type { LetterTokens } from '../crypto/letter-tokens.ts'
import type { Account } from '../domain/account.ts'
import { withLetter } from '../domain/account-changes.ts'
import { createLetter, type LetterKind } from '../domain/letter.ts'

/** The account with a letter to be sent, and the event that asks for it; both belong into one write. */
export type WriteLetter = (
  account: Account,
  kind: LetterKind,
  to?: string,
) => { readonly account: Account; readonly event: DomainEvent }

interface Ports {
  readonly letterTokens: LetterTokens
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeWriteLetter =
  ({ letterTokens, now, newId }: Ports): WriteLetter =>
  (account, kind, to = account.email) => {
    const id = newId('mal')
    const letter = createLetter({ id, kind, to, ...letterTokens.newNonce() }, now())
    return {
      account: withLetter(account, letter),
      event: MailRequestedV1.create(newId('evt'), { userId: account.id, kind, mailId: id }),
    }
  }
