import { type AuditEntry, genesis, type SealedEntry } from '../domain/audit.ts'
import type { AuditRepository } from '../store/audit.repository.ts'

/**
 * Takes new entries into the chain. Any replica may run it, also at once: a place belongs to one entry, by a unique index,
 * so who comes second stops there and begins anew after the first. Returns how many it sealed.
 */
export type SealAudit = () => Promise<number>

interface Ports {
  readonly auditLog: AuditRepository
  readonly hashOfEntry: (entry: AuditEntry, seq: number, previous: string) => string
}

const batch = 500

export const makeSealAudit =
  ({ auditLog, hashOfEntry }: Ports): SealAudit =>
  async () => {
    // The end of the chain first: an entry that another replica seals in between then keeps the place that it is given here,
    // or the next one is taken. The other way round its place would stay empty.
    let last = (await auditLog.head()) ?? { seq: 0, hash: genesis }
    const waiting = await auditLog.unsealed(batch)
    if (waiting.length === 0) return 0
    const sealed = waiting.map((entry): SealedEntry => {
      const seq = last.seq + 1
      const previous = last.hash
      const seal = { seq, previous, hash: hashOfEntry(entry, seq, previous) }
      last = seal
      return { ...entry, seal }
    })
    return (await auditLog.seal(sealed)) ? sealed.length : 0
  }
