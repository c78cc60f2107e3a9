import type { Stored } from '@tradewind/database/aggregate-store'
import type { Account } from '../domain/account.ts'
import { normaliseEmail } from '../domain/email.ts'
import type { AccountRepository } from '../store/account.repository.ts'

export type ListUsers = (which: {
  /** How the address begins. */
  readonly prefix: string
  readonly after: string | undefined
  readonly limit: number
}) => Promise<readonly (Account & Stored)[]>

export const makeListUsers =
  ({ accounts }: { readonly accounts: AccountRepository }): ListUsers =>
  ({ prefix, ...page }) =>
    accounts.list({ ...page, prefix: normaliseEmail(prefix) })
