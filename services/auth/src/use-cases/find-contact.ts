import type { AccountRepository } from '../store/account.repository.ts'

interface Contact {
  readonly email: string
  readonly name: string
}

export type FindContact = (userId: string) => Promise<Contact | null>

/** Where to write to an account; null when there is none. */
export const makeFindContact =
  ({ accounts }: { readonly accounts: AccountRepository }): FindContact =>
  async (userId) => {
    const account = await accounts.find(userId)
    return account === undefined ? null : { email: account.email, name: account.name }
  }
