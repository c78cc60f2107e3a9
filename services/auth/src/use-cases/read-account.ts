import { type Account, AccountNotFound } from '../domain/account.ts'
import type { AccountRepository } from '../store/account.repository.ts'

export type ReadAccount = (userId: string) => Promise<Account>

/** Throws `AccountNotFound`. */
export const makeReadAccount =
  ({ accounts }: { readonly accounts: AccountRepository }): ReadAccount =>
  async (userId) => {
    const account = await accounts.find(userId)
    if (account === undefined) throw AccountNotFound({ userId })
    return account
  }
