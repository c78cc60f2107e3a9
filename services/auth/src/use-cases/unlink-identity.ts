import { changed } from '@tradewind/database/decision'
import { unlinkIdentity } from '../domain/identity.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { WriteLetter } from './write-letter.ts'

/** Throws `IdentityNotFound`. */
export type UnlinkIdentity = (userId: string, provider: string) => Promise<void>

interface Ports {
  readonly accounts: AccountRepository
  readonly writeLetter: WriteLetter
}

export const makeUnlinkIdentity =
  ({ accounts, writeLetter }: Ports): UnlinkIdentity =>
  async (userId, provider) => {
    await accounts.update(userId, (before) => {
      const { identities = [], ...rest } = before
      const left = unlinkIdentity(identities, provider)
      // An empty list would count as one identity of nothing in the unique index.
      const after = left.length === 0 ? rest : { ...rest, identities: left }
      const news = writeLetter(after, 'second-factor-changed')
      return changed(news.account, news.event)
    })
  }
