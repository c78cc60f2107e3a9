import { UserRegisteredV1 } from '@tradewind/contracts/auth'
import { RoleChangedV1 } from '@tradewind/contracts/revocation'
import { changed, unchanged } from '@tradewind/database/decision'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import {
  type Account,
  accessVersionOf,
  changePassword,
  createAccount,
  EmailTaken,
  grantRoles,
} from '../domain/account.ts'
import { normaliseEmail } from '../domain/email.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { AdminRegister } from '../store/admin-register.ts'
import type { Audit } from './record-audit.ts'
import type { RevokeSessions } from './revoke-sessions.ts'

export type EnsureOperator = (operator: { email: string; password: string }) => Promise<'created' | 'changed' | 'kept'>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly admins: AdminRegister
  readonly revokeSessions: RevokeSessions
  readonly audit: Audit
  readonly newId: (prefix: string) => string
}

/**
 * Makes the account that the environment names an operator and admin with the password that the environment gives.
 * An account whose password had to change loses its sessions: whoever opened them knew another password.
 */
export const makeEnsureOperator = ({
  accounts,
  passwords,
  admins,
  revokeSessions,
  audit,
  newId,
}: Ports): EnsureOperator => {
  async function create(email: string, password: string): Promise<Account | undefined> {
    const passwordHash = await passwords.hash(password)
    const account = createAccount({
      id: newId('usr'),
      email,
      name: 'Operator',
      roles: ['operator', 'admin'],
      passwordHash,
    })
    try {
      return await accounts.insert(account, UserRegisteredV1.create(newId('evt'), { userId: account.id }))
    } catch (error) {
      // Another replica that starts at the same moment created it.
      if (EmailTaken.is(error)) return undefined
      throw error
    }
  }

  async function adopt({ id, passwordHash }: Account, password: string): Promise<'changed' | 'kept'> {
    const knownPassword = await passwords.verify(passwordHash, password)
    const newHash = knownPassword ? passwordHash : await passwords.hash(password)
    // Before as well as after: should the process die in between, the next start still finds the old password and comes here again.
    if (!knownPassword) await revokeSessions(id, 'password_changed')
    let anythingNew = false
    await accounts.update(id, (before) => {
      const after = grantRoles(
        newHash === before.passwordHash ? before : changePassword(before, newHash),
        'operator',
        'admin',
      )
      anythingNew = after !== before
      if (after === before) return unchanged()
      const { roles } = after
      const accessVersion = accessVersionOf(after)
      return accessVersion === accessVersionOf(before)
        ? changed(after)
        : changed(after, RoleChangedV1.create(newId('evt'), { userId: id, roles: [...roles], accessVersion }))
    })
    if (!knownPassword) await revokeSessions(id, 'password_changed')
    return anythingNew ? 'changed' : 'kept'
  }

  async function ensure({ email, password }: { email: string; password: string }) {
    const existing = await accounts.findByEmail(normaliseEmail(email))
    if (existing !== undefined) return await adopt(existing, password)
    const created = await create(email, password)
    if (created !== undefined) return 'created'
    const found = await accounts.findByEmail(normaliseEmail(email))
    if (found === undefined) throw EmailTaken()
    return await adopt(found, password)
  }

  return async (operator) => {
    const outcome = await ensure(operator)
    const account = await accounts.findByEmail(normaliseEmail(operator.email))
    if (account !== undefined) await admins.add(account.id)
    if (account !== undefined && outcome !== 'kept') {
      const actor = { kind: 'system' } as const
      await audit.record({ action: 'operator.ensured', actor, subject: account.id, detail: { outcome } })
    }
    return outcome
  }
}
