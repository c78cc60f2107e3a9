import { Type } from 'typebox'
import { ApiKeyId, ClientId, SessionId, UserId } from './common.ts'
import { defineEvent } from './event.ts'

const KeyId = Type.String({ pattern: '^[A-Za-z0-9_-]{1,64}$', description: 'thumbprint of the key (RFC 7638)' })

const AccessVersion = Type.Integer({
  minimum: 1,
  description: 'how often the access has changed; tokens that were issued under an earlier one are not good any more',
})

/** Published when a session ends before its time. Every process refuses its access tokens from then on. */
export const SessionRevokedV1 = defineEvent(
  'auth.session.revoked.v1',
  Type.Object({ userId: UserId, sessionId: SessionId, reason: Type.Enum(['logout', 'reuse', 'password_changed']) }),
)
/** Published when somebody is given or loses a role. Access tokens with the old roles are refused from then on. */
export const RoleChangedV1 = defineEvent(
  'auth.role.changed.v1',
  Type.Object({ userId: UserId, roles: Type.Array(Type.String()), accessVersion: AccessVersion }),
)
/** Published when an API key is deleted before it expires. */
export const ApiKeyRevokedV1 = defineEvent(
  'auth.api_key.revoked.v1',
  Type.Object({ userId: UserId, apiKeyId: ApiKeyId }),
)
/** Published when a signing key is compromised: nothing that it signed is good, and it signs nothing any more. */
export const KeyWithdrawnV1 = defineEvent('auth.key.withdrawn.v1', Type.Object({ kid: KeyId }))
/** Published when a machine client's secret or scopes change, or it is switched off. */
export const ClientChangedV1 = defineEvent(
  'auth.client.changed.v1',
  Type.Object({ clientId: ClientId, accessVersion: AccessVersion }),
)
