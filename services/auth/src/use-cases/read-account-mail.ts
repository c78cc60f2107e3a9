import type { LetterTokens } from '../crypto/letter-tokens.ts'
import { isActive } from '../domain/account-changes.ts'
import { findLetter, hasLink, type Letter } from '../domain/letter.ts'
import type { AccountRepository } from '../store/account.repository.ts'

export interface AccountMail {
  readonly to: string
  readonly name: string
  readonly locale?: 'en' | 'de'
  readonly link?: string
}

/** What a mail to an account says; null when there is no such mail, or it is worth nothing any more. */
export type ReadAccountMail = (userId: string, mailId: string) => Promise<AccountMail | null>

interface Ports {
  readonly accounts: AccountRepository
  readonly letterTokens: LetterTokens
  /** Where the pages are that links of mails lead to. Without it a mail carries the token alone. */
  readonly pagesUrl: string | undefined
  readonly now: () => Date
}

export const makeReadAccountMail = ({ accounts, letterTokens, pagesUrl, now }: Ports): ReadAccountMail => {
  /** Behind the `#`, so that neither a server's log nor a Referer ever holds it. */
  const linkTo = (kind: Letter['kind'], token: string) =>
    pagesUrl === undefined ? token : `${pagesUrl.replace(/\/$/, '')}/${kind}#token=${token}`

  return async (userId, mailId) => {
    const account = await accounts.find(userId)
    if (account === undefined || !isActive(account)) return null
    const letter = findLetter(account.letters ?? [], mailId, now())
    if (letter === undefined) return null
    const { name, locale } = account
    const mail = { to: letter.to, name, ...(locale !== undefined && { locale }) }
    if (!hasLink(letter.kind)) return mail
    const token = letterTokens.tokenOf(userId, letter)
    return token === undefined ? null : { ...mail, link: linkTo(letter.kind, token) }
  }
}
