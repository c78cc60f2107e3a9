import type { AuditedService, OperatorAction } from '@tradewind/contracts/operator-actions'
import type { Pseudonyms } from '../crypto/pseudonyms.ts'
import { isPlain } from '../domain/audit.ts'
import type { AuditRepository } from '../store/audit.repository.ts'
import type { SessionRepository } from '../store/session.repository.ts'

/**
 * Takes what an operator did in another service into the audit log, once. Where from is where the session was last
 * refreshed, some minutes before at most: events carry no address. Keys and machines have none.
 */
export type RecordOperatorAction = (service: AuditedService, action: OperatorAction) => Promise<void>

interface Ports {
  readonly auditLog: AuditRepository
  readonly sessions: SessionRepository
  readonly pseudonyms: Pseudonyms
  /** Whose network an address belongs to, as limits count it. */
  readonly networkOf: (address: string) => string
}

const entryIdOf = (actionId: string): string => actionId.replace(/^act_/, 'aud_')

export const makeRecordOperatorAction =
  ({ auditLog, sessions, pseudonyms, networkOf }: Ports): RecordOperatorAction =>
  async (service, { actionId, at, actor, sessionId, route, subject, detail: named, status }) => {
    const address = (await sessions.find(sessionId))?.device?.address
    const detail = { ...named, service, route, status, sessionId }
    await auditLog.insertOnce({
      id: entryIdOf(actionId),
      at: new Date(at),
      action: 'operator.acted',
      actor,
      ...(subject !== undefined && { subject }),
      ...(address !== undefined && { from: pseudonyms.ofNetwork(networkOf(address)) }),
      // What another service thinks fit is judged here once more.
      detail: isPlain(detail) ? detail : { service, route, status, sessionId },
    })
  }
