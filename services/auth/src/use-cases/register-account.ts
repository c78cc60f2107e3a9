import { UserRegisteredV1 } from '@tradewind/contracts/auth'
import { changed, unchanged } from '@tradewind/database/decision'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import type { Pseudonyms } from '../crypto/pseudonyms.ts'
import { type Account, createAccount, EmailTaken } from '../domain/account.ts'
import { isActive } from '../domain/account-changes.ts'
import { normaliseEmail } from '../domain/email.ts'
import { isTooSoon } from '../domain/letter.ts'
import { refuseWeakPassword } from '../domain/password-rules.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { DeferredWork } from './deferred-work.ts'
import type { GuardSignIn, Origin } from './guard-sign-in.ts'
import type { DevicePair } from './log-in.ts'
import type { OpenSession } from './open-session.ts'
import type { Audit } from './record-audit.ts'
import type { WriteLetter } from './write-letter.ts'

interface Registration {
  readonly email: string
  readonly password: string
  readonly name: string
}

export interface Registered {
  readonly account: Account
  readonly tokens: DevicePair
}

/** Undefined where a mail says all that is to be said. */
export type RegisterAccount = (registration: Registration, origin: Origin) => Promise<Registered | undefined>

interface Ports {
  readonly accounts: AccountRepository
  readonly passwords: PasswordHasher
  readonly isCommonPassword: (password: string) => boolean
  readonly openSession: OpenSession
  readonly guard: GuardSignIn
  readonly pseudonyms: Pseudonyms
  readonly audit: Audit
  readonly writeLetter: WriteLetter
  readonly deferred: DeferredWork
  /** True when an account counts once its address is verified, and the answer is the same for every address. */
  readonly registerByMail: boolean
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

/**
 * Creates a customer account, asks for the mail that verifies its address, and signs it in. Throws `EmailTaken`, which
 * says that there is an account; so a network is told it a few times an hour and then nothing at all. Where accounts are
 * registered by mail it says nothing and does all of this after its answer (ADR 25). Throws what is wrong with the password.
 */
export const makeRegisterAccount = (ports: Ports): RegisterAccount => {
  const { accounts, passwords, openSession, guard, audit, writeLetter, deferred, now, newId } = ports

  /** Tells the owner of an address that somebody wants it, or asks him once more to verify it. */
  async function tellOwner(email: string): Promise<void> {
    const owner = await accounts.findByEmail(email)
    if (owner === undefined) return
    await accounts.update(owner.id, (before) => {
      const kind = before.emailVerified ? 'registration-attempted' : 'verify-email'
      if (!isActive(before) || isTooSoon(before.letters ?? [], kind, now())) return unchanged()
      const news = writeLetter(before, kind)
      return changed(news.account, news.event)
    })
  }

  /** Undefined when the address is taken; then its owner hears of it. */
  async function insert(created: Account, origin: Origin): Promise<Account | undefined> {
    const { account, event } = writeLetter(created, 'verify-email')
    try {
      await accounts.insert(account, UserRegisteredV1.create(newId('evt'), { userId: account.id }), event)
      return account
    } catch (error) {
      if (!EmailTaken.is(error)) throw error
      const subject = ports.pseudonyms.ofEmail(account.email)
      await audit.record({ action: 'account.registration_refused', actor: { kind: 'nobody' }, subject, origin })
      deferred.add(() => tellOwner(account.email))
      return undefined
    }
  }

  const noteRegistered = ({ id }: Account, origin: Origin) =>
    audit.record({ action: 'account.registered', actor: { kind: 'user', id }, subject: id, origin })

  async function registerNow(created: Account, origin: Origin): Promise<Registered> {
    const account = await insert(created, origin)
    if (account === undefined) {
      await guard.foundTaken(origin)
      throw EmailTaken()
    }
    const authentication = { at: now(), methods: ['pwd'] } as const
    const [deviceToken, tokens] = await Promise.all([
      guard.welcome(account.email, origin),
      openSession(account, origin.device, { authentication }),
      noteRegistered(account, origin),
    ])
    return { account, tokens: { ...tokens, deviceToken } }
  }

  async function registerLater(created: Account, origin: Origin): Promise<void> {
    const account = await insert({ ...created, awaitsMail: true }, origin)
    if (account !== undefined) await noteRegistered(account, origin)
  }

  return async ({ email, password, name }, origin) => {
    refuseWeakPassword({ email, password }, ports.isCommonPassword)
    if (ports.registerByMail) await guard.requireMayWrite(normaliseEmail(email), origin)
    else await guard.requireMayRegister(origin)
    const passwordHash = await passwords.hash(password)
    const created = createAccount({ id: newId('usr'), email, name, roles: ['customer'], passwordHash })
    if (!ports.registerByMail) return await registerNow(created, origin)
    deferred.add(() => registerLater(created, origin))
    return undefined
  }
}
