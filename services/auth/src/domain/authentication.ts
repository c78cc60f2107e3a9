import type { Role } from './account.ts'

/** How somebody showed who he is, by the names of RFC 8176, and `fed` for another provider’s word. */
export type Method = 'pwd' | 'otp' | 'pop' | 'user' | 'fed' | 'mfa'

export interface Authentication {
  readonly at: Date
  /** `mfa` is among them when it took more than one factor. */
  readonly methods: readonly Method[]
}

const isMultiFactor = ({ methods }: Authentication): boolean => methods.includes('mfa')

/** The level of assurance as tokens name it: one factor or more. */
export const levelOf = (authentication: Authentication): 'aal1' | 'aal2' =>
  isMultiFactor(authentication) ? 'aal2' : 'aal1'

/**
 * The roles that a token carries. Where staff must show a second factor, they are customers until they did: they can read
 * their own account and enrol, and no more.
 */
export function rolesFor(
  roles: readonly Role[],
  authentication: Authentication | undefined,
  staffNeedsMfa: boolean,
): readonly Role[] {
  if (!staffNeedsMfa || roles.every((role) => role === 'customer')) return roles
  return authentication !== undefined && isMultiFactor(authentication) ? roles : ['customer']
}
