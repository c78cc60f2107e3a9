import { defineError } from '@tradewind/service-kit/errors'
import { type Account, changePassword } from './account.ts'
import { addLetter, type Letter } from './letter.ts'
import type { Session } from './session.ts'

export const WrongPassword = defineError('AUTH_WRONG_PASSWORD', 'invalid', 'The present password is wrong.')
export const AdminStays = defineError(
  'AUTH_ADMIN_STAYS',
  'conflict',
  'An admin cannot close the account. Have the role taken away first.',
)

export const isActive = ({ deactivatedAt }: Account): boolean => deactivatedAt === undefined

/** True when its password lets somebody in. */
export const maySignIn = (account: Account): boolean => isActive(account) && account.awaitsMail !== true

export const withLetter = (account: Account, letter: Letter): Account => ({
  ...account,
  letters: addLetter(account.letters ?? [], letter),
})

const withoutLetter = (account: Account, id: string): Account => ({
  ...account,
  letters: (account.letters ?? []).filter((letter) => letter.id !== id),
})

/** Uses up a letter that shows who reads mail at its address: from now on that is the account's. */
export function verifyEmail(account: Account, { id, to }: Letter): Account {
  const { awaitsMail: _awaitsMail, ...rest } = withoutLetter(account, id)
  return { ...rest, email: to, emailVerified: true }
}

/** Sessions that began before are over, but for the one that is kept. Asked at every refresh, so it holds with this one write. */
const endSessions = (account: Account, now: Date, keptSessionId?: string): Account => {
  const { keptSessionId: _before, ...rest } = account
  return { ...rest, sessionsFrom: now, ...(keptSessionId !== undefined && { keptSessionId }) }
}

export const isEndedByAccount = ({ sessionsFrom, keptSessionId }: Account, { id, startedAt }: Session): boolean =>
  sessionsFrom !== undefined && id !== keptSessionId && (startedAt === undefined || startedAt < sessionsFrom)

export const setPassword = (account: Account, passwordHash: string, now: Date, keptSessionId?: string): Account =>
  endSessions(changePassword(account, passwordHash), now, keptSessionId)

/**
 * Sets a password by a letter. It shows the address to be the owner's, so what somebody added before who had only typed
 * it goes: his factors would let him back in.
 */
export function resetPassword(account: Account, letter: Letter, passwordHash: string, now: Date): Account {
  const owner = account.emailVerified ? account : withoutFactors(account)
  return setPassword(verifyEmail(owner, letter), passwordHash, now)
}

/** Takes away what is shown beside a password, and ends all sessions. */
export function withoutSecondFactors(account: Account, now: Date): Account {
  const { totp: _totp, recoveryCodes: _codes, passkeys: _passkeys, ...rest } = account
  return endSessions(rest, now)
}

function withoutFactors(account: Account): Account {
  const { totp: _totp, recoveryCodes: _codes, passkeys: _passkeys, identities: _identities, ...rest } = account
  return rest
}

/** Closes an account. Returns the same object when it was closed before. */
export function deactivate(account: Account, now: Date): Account {
  if (!isActive(account)) return account
  if (account.roles.includes('admin')) throw AdminStays({ userId: account.id })
  return { ...endSessions(account, now), deactivatedAt: now, letters: [] }
}

export interface Profile {
  readonly name?: string
  readonly locale?: 'en' | 'de'
}

/** Returns the same object when nothing is new. */
export function changeProfile(account: Account, { name, locale }: Profile): Account {
  const spelled = name?.normalize('NFC').trim() ?? account.name
  if (spelled === account.name && (locale ?? account.locale) === account.locale) return account
  return { ...account, name: spelled, ...(locale !== undefined && { locale }) }
}
