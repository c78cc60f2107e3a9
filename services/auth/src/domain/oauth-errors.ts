import { defineError } from '@tradewind/service-kit/errors'

/** The errors of RFC 6749, 5.2; the code without its prefix is the name that clients see. */
export const InvalidClient = defineError(
  'OAUTH_INVALID_CLIENT',
  'unauthenticated',
  'The client is not known, or did not prove who it is.',
)
export const InvalidGrant = defineError(
  'OAUTH_INVALID_GRANT',
  'invalid',
  'The code or refresh token is not good, was used before, or belongs to another client.',
)
export const InvalidScope = defineError('OAUTH_INVALID_SCOPE', 'invalid', 'The client cannot be given this scope.')
export const InvalidRequest = defineError('OAUTH_INVALID_REQUEST', 'invalid', 'The request lacks what it needs.')
export const UnauthorizedClient = defineError(
  'OAUTH_UNAUTHORIZED_CLIENT',
  'invalid',
  'This kind of client cannot use this grant.',
)
export const UnsupportedGrantType = defineError(
  'OAUTH_UNSUPPORTED_GRANT_TYPE',
  'invalid',
  'There is no such grant: client_credentials, authorization_code and refresh_token are.',
)
