import { defineError } from '@tradewind/service-kit/errors'

/** Who somebody is at another provider. */
export interface Identity {
  readonly provider: string
  /** `<provider>:<subject>`; unique among all accounts. */
  readonly key: string
  readonly linkedAt: Date
}

export const IdentityNotFound = defineError(
  'AUTH_IDENTITY_NOT_FOUND',
  'not-found',
  'The account is not linked to this provider.',
)
export const ProviderNotFound = defineError('AUTH_PROVIDER_NOT_FOUND', 'not-found', 'There is no such provider.')
export const ProviderRefused = defineError(
  'AUTH_PROVIDER_REFUSED',
  'unauthenticated',
  'The sign-in with the other provider did not succeed. Begin again.',
)
export const ProviderAway = defineError(
  'AUTH_PROVIDER_AWAY',
  'unavailable',
  'The other provider does not answer at the moment.',
)
export const EmailNotVerifiedThere = defineError(
  'AUTH_EMAIL_NOT_VERIFIED',
  'forbidden',
  'The other provider does not vouch for an e-mail address. Verify it there first.',
)
export const LinkRefused = defineError(
  'AUTH_LINK_REFUSED',
  'conflict',
  'There is an account with this address that has not verified it. Sign in to it and verify the address first.',
)

export const identityKey = (provider: string, subject: string): string => `${provider}:${subject}`

/** Links a provider, in place of another identity there. */
export const linkIdentity = (identities: readonly Identity[], identity: Identity): readonly Identity[] => [
  ...identities.filter(({ provider }) => provider !== identity.provider),
  identity,
]

/** Throws `IdentityNotFound`. */
export function unlinkIdentity(identities: readonly Identity[], provider: string): readonly Identity[] {
  const rest = identities.filter((identity) => identity.provider !== provider)
  if (rest.length === identities.length) throw IdentityNotFound({ provider })
  return rest
}
