import type { AuditAction } from '@tradewind/contracts/audit'
import type { Pseudonyms } from '../crypto/pseudonyms.ts'
import { type AuditActor, type AuditDetail, isPlain } from '../domain/audit.ts'
import type { AuditRepository } from '../store/audit.repository.ts'
import type { Origin } from './guard-sign-in.ts'

export interface AuditRecord {
  readonly action: AuditAction
  readonly actor: AuditActor
  /** Whom it was done to: an id, or an address as its pseudonym. */
  readonly subject?: string | undefined
  readonly origin?: Origin | undefined
  /** Ids, codes and figures; refused when a value looks like anything else. */
  readonly detail?: AuditDetail
}

/** Writes down what was done. Resolves when it is durable, and is waited for before the answer goes out. */
export interface Audit {
  readonly record: (record: AuditRecord) => Promise<void>
}

interface Ports {
  readonly auditLog: AuditRepository
  readonly pseudonyms: Pseudonyms
  readonly now: () => Date
  readonly newId: (prefix: string) => string
}

export const makeAudit = ({ auditLog, pseudonyms, now, newId }: Ports): Audit => ({
  record: async ({ action, actor, subject, origin, detail = {} }) => {
    if (!isPlain(detail)) throw new Error(`the audit of ${action} was given more than ids, codes and figures`)
    await auditLog.insert({
      id: newId('aud'),
      at: now(),
      action,
      actor,
      ...(subject !== undefined && { subject }),
      ...(origin !== undefined && { from: pseudonyms.ofNetwork(origin.network) }),
      detail,
    })
  },
})
