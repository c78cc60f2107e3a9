import { changed } from '@tradewind/database/decision'
import { type Passkey, PasskeyNotFound, removePasskey, renamePasskey } from '../domain/passkey.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { WriteLetter } from './write-letter.ts'

interface Ports {
  readonly accounts: AccountRepository
  readonly writeLetter: WriteLetter
}

/** Throws `PasskeyNotFound`. */
export type RenamePasskey = (userId: string, id: string, name: string) => Promise<Passkey>

export const makeRenamePasskey =
  ({ accounts }: Ports): RenamePasskey =>
  async (userId, id, name) => {
    const { passkeys = [] } = await accounts.update(userId, (before) =>
      changed({ ...before, passkeys: renamePasskey(before.passkeys ?? [], id, name) }),
    )
    const renamed = passkeys.find((passkey) => passkey.id === id)
    if (renamed === undefined) throw PasskeyNotFound({ id })
    return renamed
  }

/** Throws `PasskeyNotFound`. */
export type DeletePasskey = (userId: string, id: string) => Promise<void>

export const makeDeletePasskey =
  ({ accounts, writeLetter }: Ports): DeletePasskey =>
  async (userId, id) => {
    await accounts.update(userId, (before) => {
      const after = { ...before, passkeys: removePasskey(before.passkeys ?? [], id) }
      const news = writeLetter(after, 'second-factor-changed')
      return changed(news.account, news.event)
    })
  }
