import type { AuditAction } from '@tradewind/contracts/audit'
import { UserRegisteredV1 } from '@tradewind/contracts/auth'
import { changed } from '@tradewind/database/decision'
import type { PasswordHasher } from '../crypto/password-hasher.ts'
import type { OutsideIdentity, Providers } from '../crypto/providers.ts'
import type { Secrets } from '../crypto/secrets.ts'
import { type Account, createAccount } from '../domain/account.ts'
import { isActive } from '../domain/account-changes.ts'
import { beginCeremony, type CeremonyOf, CeremonyOver, requireOpen, useCeremony } from '../domain/ceremony.ts'
import { normaliseEmail } from '../domain/email.ts'
import { EmailNotVerifiedThere, identityKey, LinkRefused, linkIdentity, ProviderRefused } from '../domain/identity.ts'
import type { AccountRepository } from '../store/account.repository.ts'
import type { CeremonyRepository } from '../store/ceremony.repository.ts'
import type { CompleteSignIn, SignInOutcome } from './complete-sign-in.ts'
import type { Origin } from './guard-sign-in.ts'
import type { Audit } from './record-audit.ts'
import type { WriteLetter } from './write-letter.ts'

interface Ports {
  readonly accounts: AccountRepository
  readonly ceremonies: CeremonyRepository
  readonly providers: Providers
  readonly passwords: PasswordHasher
  readonly secrets: Secrets
  readonly completeSignIn: CompleteSignIn
  readonly writeLetter: WriteLetter
  readonly audit: Audit
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export interface Departure {
  readonly url: string
  /** For a cookie of the browser that goes there. */
  readonly browserSecret: string
}

/** Begins a sign-in with another provider. Throws `ProviderNotFound`, `ProviderAway`. */
export type StartOutside = (provider: string, cookies: boolean) => Promise<Departure>

export const makeStartOutside =
  ({ ceremonies, providers, secrets, now, newId }: Ports): StartOutside =>
  async (provider, cookies) => {
    const state = newId('cer')
    const journey = { state, ...providers.newSecrets() }
    const url = await providers.authorizationUrl(provider, journey)
    const { secret, hash: browserHash } = secrets.create()
    const { nonce, codeVerifier } = journey
    await ceremonies.insert(
      beginCeremony(state, { kind: 'provider', provider, nonce, codeVerifier, browserHash, cookies }, now()),
    )
    return { url, browserSecret: secret }
  }

export interface Return {
  readonly provider: string
  readonly query: Readonly<Record<string, string>> & { readonly state: string }
  /** Of the cookie; undefined in another browser. */
  readonly browserSecret: string | undefined
}

export interface Arrival {
  readonly outcome: SignInOutcome
  readonly cookies: boolean
}

/** Throws `CeremonyOver`, `ProviderRefused`, `ProviderAway`, `EmailNotVerifiedThere`, `LinkRefused`. */
export type FinishOutside = (given: Return, origin: Origin) => Promise<Arrival>

export const makeFinishOutside = (ports: Ports): FinishOutside => {
  const { accounts, ceremonies, providers, passwords, secrets, completeSignIn, writeLetter, audit, now, newId } = ports

  /** Once, in the browser that was sent, back from where it was sent. */
  async function useJourney({ provider, query, browserSecret }: Return): Promise<CeremonyOf<'provider'>> {
    const found: CeremonyOf<'provider'>[] = []
    await ceremonies.update(query.state, (before) => {
      const ceremony = requireOpen(before, 'provider', now())
      const isHere = browserSecret !== undefined && secrets.matches(browserSecret, ceremony.browserHash)
      if (!isHere || ceremony.provider !== provider) throw CeremonyOver({ provider })
      found.push(ceremony)
      return useCeremony(ceremony, now())
    })
    const last = found.at(-1)
    if (last === undefined) throw CeremonyOver({ provider })
    return last
  }

  async function accountOf(provider: string, person: OutsideIdentity, origin: Origin): Promise<Account> {
    const identity = { provider, key: identityKey(provider, person.subject), linkedAt: now() }
    const linked = await accounts.findByIdentity(identity.key)
    if (linked !== undefined) return linked
    if (person.email === undefined || !person.emailVerified) throw EmailNotVerifiedThere({ provider })
    const email = normaliseEmail(person.email)
    const known = await accounts.findByEmail(email)
    if (known === undefined) {
      // Nobody knows this password. Whoever wants one asks for it by mail.
      const passwordHash = await passwords.hash(secrets.create().secret)
      const name = person.name ?? email.split('@', 1)[0] ?? email
      const created = createAccount({ id: newId('usr'), email, name, roles: ['customer'], passwordHash })
      const account = { ...created, emailVerified: true, identities: [identity] }
      await accounts.insert(account, UserRegisteredV1.create(newId('evt'), { userId: account.id }))
      await noted('account.registered', account, provider, origin)
      return account
    }
    const account = await accounts.update(known.id, (before) => {
      // An address that was only typed is anybody's: who registered it first would share the account of its owner.
      if (!before.emailVerified || !isActive(before) || before.email !== email) throw LinkRefused({ provider })
      const after = { ...before, identities: linkIdentity(before.identities ?? [], identity) }
      const news = writeLetter(after, 'second-factor-changed')
      return changed(news.account, news.event)
    })
    await noted('provider.linked', account, provider, origin)
    return account
  }

  const noted = (action: AuditAction, { id }: Account, provider: string, origin: Origin) =>
    audit.record({ action, actor: { kind: 'user', id }, subject: id, origin, detail: { provider } })

  return async (given, origin) => {
    const { provider, query } = given
    const { nonce, codeVerifier, cookies } = await useJourney(given)
    const person = await providers.redeem(provider, query, { state: query.state, nonce, codeVerifier })
    const account = await accountOf(provider, person, origin)
    if (!isActive(account)) throw ProviderRefused({ provider })
    return { outcome: await completeSignIn(account, { methods: ['fed'], origin, provider }), cookies }
  }
}
