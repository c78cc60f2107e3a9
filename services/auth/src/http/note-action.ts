import type { IncomingHttpHeaders } from 'node:http'
import type { AuditAction } from '@tradewind/contracts/audit'
import { machineRole } from '@tradewind/contracts/permissions'
import type { Caller } from '@tradewind/service-kit/tokens'
import type { AuditActor, AuditDetail } from '../domain/audit.ts'
import type { Audit } from '../use-cases/record-audit.ts'
import { originOf } from './origin-of.ts'

interface Asked {
  readonly caller: Caller
  readonly request: { readonly headers: IncomingHttpHeaders; readonly ip: string }
}

/** Writes down what a signed-in caller did, before it is answered. The subject is the caller, unless it is somebody else. */
export type NoteAction = (action: AuditAction, asked: Asked, subject?: string, detail?: AuditDetail) => Promise<void>

const actorOf = ({ userId, roles }: Caller): AuditActor => ({
  kind: roles.includes(machineRole) ? 'client' : 'user',
  id: userId,
})

export const makeNoteAction =
  ({ record }: Audit): NoteAction =>
  (action, { caller, request }, subject = caller.userId, detail = {}) =>
    record({ action, actor: actorOf(caller), subject, origin: originOf(request), detail })
