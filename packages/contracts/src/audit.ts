import { type Static, Type } from 'typebox'
import { Binary, Id, Page, pageQuery, Strict, Timestamp } from './common.ts'
import { defineRoute } from './route.ts'

/** What is written down, each in the past. */
export const auditActions = [
  'account.registered',
  'account.registration_refused',
  'account.verified',
  'account.verification_requested',
  'account.updated',
  'account.email_change_requested',
  'account.email_changed',
  'account.deactivated',
  'sign_in.succeeded',
  'sign_in.failed',
  'sign_out.one',
  'sign_out.all',
  'session.revoked',
  'refresh.reuse_detected',
  'step_up.succeeded',
  'password.failed',
  'password.changed',
  'password.reset_requested',
  'password.reset',
  'mfa.enrolment_begun',
  'mfa.enrolled',
  'mfa.removed',
  'mfa.failed',
  'mfa.reset',
  'recovery_codes.made',
  'recovery_codes.used',
  'passkey.added',
  'passkey.renamed',
  'passkey.removed',
  'provider.linked',
  'provider.unlinked',
  'roles.changed',
  'key.rotated',
  'key.withdrawn',
  'api_key.created',
  'api_key.revoked',
  'app.authorized',
  'app.signed_in',
  'client.signed_in',
  'client.refused',
  'client.created',
  'client.changed',
  'client.removed',
  'operator.ensured',
  'operator.acted',
  'privacy.export_requested',
  'privacy.export_downloaded',
  'privacy.erasure_requested',
  'privacy.erasure_completed',
] as const
export const AuditAction = Type.Enum([...auditActions])
export type AuditAction = Static<typeof AuditAction>

const AuditId = Id('aud')
/** An id, or the keyed hash that stands for an address nobody has an account under. */
const PartyId = Type.String({ minLength: 1, maxLength: 64, pattern: '^[a-z]+_[A-Za-z0-9_-]+$' })

export const AuditEntry = Type.Object({
  id: AuditId,
  at: Timestamp,
  action: AuditAction,
  actor: Type.Object({
    kind: Type.Enum(['user', 'client', 'system', 'nobody']),
    id: Type.Optional(Type.String()),
  }),
  subject: Type.Optional(Type.String({ description: 'whom it was done to' })),
  from: Type.Optional(Type.String({ description: 'keyed hash of the network it came from' })),
  detail: Type.Record(Type.String(), Type.Union([Type.String(), Type.Number(), Type.Boolean()])),
  seal: Type.Union([
    Type.Object({ seq: Type.Integer(), previous: Type.String(), hash: Type.String() }),
    Type.Null({ description: 'not in the chain yet; it takes about a second' }),
  ]),
})
export type AuditEntry = Static<typeof AuditEntry>

const auditFilters = {
  actor: Type.Optional(PartyId),
  subject: Type.Optional(PartyId),
  action: Type.Optional(AuditAction),
  from: Type.Optional(Timestamp),
  to: Type.Optional(Timestamp),
}

export const listAuditRoute = defineRoute('auth', 'GET', '/v1/auth/audit', 'audit:read', {
  summary: 'Who did what to whom, newest first',
  querystring: Strict({ ...auditFilters, ...pageQuery }),
  response: { 200: Page(AuditEntry) },
})

export const exportAuditRoute = defineRoute('auth', 'GET', '/v1/auth/audit/export', 'audit:read', {
  summary: 'The same as a stream of lines (NDJSON), oldest first',
  querystring: Strict(auditFilters),
  response: { 200: Binary },
})

export const AuditVerification = Type.Object({
  sealed: Type.Integer({ description: 'entries in the chain that hold' }),
  waiting: Type.Integer({ description: 'entries that are not in the chain yet' }),
  head: Type.Union([Type.Object({ seq: Type.Integer(), hash: Type.String() }), Type.Null()]),
  broken: Type.Union([
    Type.Object({
      seq: Type.Integer(),
      id: Type.Optional(Type.String()),
      reason: Type.Enum(['missing', 'changed', 'not-after-the-one-before', 'not-the-one-noted']),
    }),
    Type.Null(),
  ]),
})

export const verifyAuditRoute = defineRoute('auth', 'GET', '/v1/auth/audit/verification', 'audit:read', {
  summary: 'Recomputes the chain and names the first entry that does not hold',
  description:
    'Note the head of an answer elsewhere and give it later as `seq` and `hash`: then it also shows when the end of the chain, or all of it, was replaced.',
  querystring: Strict({
    seq: Type.Optional(Type.String({ pattern: '^[1-9][0-9]{0,14}$' })),
    hash: Type.Optional(Type.String({ pattern: '^[0-9a-f]{64}$' })),
  }),
  response: { 200: AuditVerification },
})

export const auditRoutes = [listAuditRoute, exportAuditRoute, verifyAuditRoute]
