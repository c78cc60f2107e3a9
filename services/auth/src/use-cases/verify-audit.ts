import { type AuditEntry, type ChainFault, faultAfter, genesis } from '../domain/audit.ts'
import type { AuditRepository } from '../store/audit.repository.ts'

export interface NotedHead {
  readonly seq: number
  readonly hash: string
}

export interface ChainReport {
  /** Entries that hold, from the first. */
  readonly sealed: number
  readonly waiting: number
  readonly head: NotedHead | null
  readonly broken: { readonly seq: number; readonly id?: string; readonly reason: ChainFault } | null
}

/** Recomputes the chain. A head that was noted elsewhere also shows a chain that was cut off or written anew as a whole. */
export type VerifyAudit = (noted?: NotedHead) => Promise<ChainReport>

interface Ports {
  readonly auditLog: AuditRepository
  readonly hashOfEntry: (entry: AuditEntry, seq: number, previous: string) => string
}

export const makeVerifyAudit =
  ({ auditLog, hashOfEntry }: Ports): VerifyAudit =>
  async (noted) => {
    const waiting = await auditLog.countUnsealed()
    let head: NotedHead = { seq: 0, hash: genesis }
    const report = (broken: ChainReport['broken']): ChainReport => ({
      sealed: head.seq,
      waiting,
      head: head.seq === 0 ? null : head,
      broken,
    })
    for await (const entry of auditLog.walkChain()) {
      const reason = faultAfter(head, entry, hashOfEntry)
      if (reason === 'missing') return report({ seq: head.seq + 1, reason })
      if (reason !== undefined) return report({ seq: entry.seal.seq, id: entry.id, reason })
      if (noted?.seq === entry.seal.seq && noted.hash !== entry.seal.hash)
        return report({ seq: noted.seq, id: entry.id, reason: 'not-the-one-noted' })
      head = { seq: entry.seal.seq, hash: entry.seal.hash }
    }
    return report(noted !== undefined && noted.seq > head.seq ? { seq: head.seq + 1, reason: 'missing' } : null)
  }
