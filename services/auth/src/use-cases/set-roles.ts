import { RoleChangedV1 } from '@tradewind/contracts/revocation'
import { changed, unchanged } from '@tradewind/database/decision'
import { type Account, AccountNotFound, accessVersionOf, LastAdmin, type Role, setRoles } from '../domain/account.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { AdminRegister } from '../store/admin-register.ts'

export type SetRoles = (wanted: { readonly userId: string; readonly roles: readonly Role[] }) => Promise<Account>

interface Ports {
  readonly accounts: AccountRepository
  readonly admins: AdminRegister
  readonly newId: (prefix: string) => string
}

/**
 * Gives and takes roles. Who stops being an admin leaves the register first, which refuses the last one; who becomes one
 * is entered last. So whoever is in it is an admin, also after a crash in between, and repeating makes it right. Throws
 * `AccountNotFound` and `LastAdmin`.
 */
export const makeSetRoles =
  ({ accounts, admins, newId }: Ports): SetRoles =>
  async ({ userId, roles }) => {
    const existing = await accounts.find(userId)
    if (existing === undefined) throw AccountNotFound({ userId })
    const willBeAdmin = roles.includes('admin')
    if (existing.roles.includes('admin') && !willBeAdmin && !(await admins.remove(userId))) throw LastAdmin({ userId })
    const account = await accounts.update(userId, (before) => {
      // Somebody made it an admin meanwhile: whoever asks again takes it out of the register.
      if (before.roles.includes('admin') && !existing.roles.includes('admin') && !willBeAdmin)
        throw LastAdmin({ userId })
      const after = setRoles(before, roles)
      if (after === before) return unchanged()
      const data = { userId, roles: [...after.roles], accessVersion: accessVersionOf(after) }
      return changed(after, RoleChangedV1.create(newId('evt'), data))
    })
    if (willBeAdmin) await admins.add(userId)
    return account
  }
